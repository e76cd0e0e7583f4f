// Package apachetest tests the client against an independent NTLM server:
// Debian's Apache with mod_auth_gssapi and gss-ntlmssp as a reverse proxy with
// TLS in front of examples/exchange.
//
// It contains only tests, built with -tags apache. They need the programs that
// .ci/apache installs, and start and stop their own Apache on a free port of
// 127.0.0.1. Apache forwards each request with the Basic credentials of the
// account that signed in, and returns the account's name in X-Answered-As.
//
// mod_auth_gssapi passes no channel bindings to gss-ntlmssp. If a test needs them
// compared, a preloaded wrapper of gss_accept_sec_context (testdata/gssbind.c)
// adds those that python3-requests-ntlm computes for the server's certificate.
package apachetest
