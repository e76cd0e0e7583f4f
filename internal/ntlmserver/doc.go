// Package ntlmserver is the server's side of NTLM over HTTP, for tests: it hands
// out challenges, verifies NTLMv2 responses (MS-NLMP 3.3.2), checks channel
// bindings as Extended Protection does, and keeps the outcome with the
// connection, as IIS does. It is written from the specification and shares no
// code with the client, so that the two check each other.
//
// It knows accounts by a function and no domain controller, negotiates no
// session security, and does not unwrap SPNEGO: within "Negotiate" it takes
// plain NTLM messages only.
//
// See https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/.
package ntlmserver
