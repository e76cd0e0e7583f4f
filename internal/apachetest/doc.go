// Package apachetest drives the client against NTLM of others: Debian's Apache
// with mod_auth_gssapi and gss-ntlmssp as a reverse proxy with TLS in front of
// examples/exchange.
//
// It holds tests only, built with -tags apache. They need the programs that
// .ci/apache installs, start an Apache of their own on a free port of 127.0.0.1,
// and end it again. Apache hands each request on with the Basic credentials of
// the account that signed in, and says in X-Answered-As who it took that to be.
//
// mod_auth_gssapi hands gss-ntlmssp no channel bindings. Where a test wants them
// compared, a preloaded wrapper of gss_accept_sec_context (testdata/gssbind.c)
// adds those that python3-requests-ntlm computes for the server's certificate.
package apachetest
