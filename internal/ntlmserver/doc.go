// Package ntlmserver is the server side of NTLM over HTTP, for tests: it issues
// challenges, verifies NTLMv2 responses (MS-NLMP 3.3.2), checks channel bindings
// as Extended Protection does, and keeps the result with the connection, as IIS
// does. It is written from the specification and shares no code with the client,
// so the two check each other.
//
// Accounts come from a function instead of a domain controller. It answers clients that
// negotiate OEM names in kind, and always sends target information, as Windows does. It
// exchanges keys with clients that ask for it, uses them only for the message integrity
// code, and does not unwrap SPNEGO: within "Negotiate" it accepts only plain NTLM
// messages.
//
// See https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/.
package ntlmserver
