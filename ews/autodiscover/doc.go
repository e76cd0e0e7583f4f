// Package autodiscover finds the EWS URL of a mailbox when the configuration
// does not give one: a [Client] takes an address and returns a URL.
//
// # Where it looks
//
// For alice@example.com it tries these places in turn and stops at the first
// that returns a URL:
//
//  1. https://example.com and https://autodiscover.example.com
//  2. the host that http://autodiscover.example.com/autodiscover/autodiscover.xml
//     redirects to
//  3. the hosts of the SRV record _autodiscover._tcp.example.com
//
// At each host it first sends a request without credentials. It calls the SOAP operation
// GetUserSettings at /autodiscover/autodiscover.svc if the server asks for credentials,
// its answer shows that it is Exchange, and there are credentials for the host.
// Otherwise, or if that yields no URL, it asks the JSON service at
// /autodiscover/autodiscover.json, which needs no credentials and is part of Exchange
// 2016 (CU 3) and later and of Exchange Online. Redirects to another host, path or
// address are followed, up to a limit; two addresses that redirect to each other are an
// error. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/autodiscover-for-exchange.
//
// Exchange Online needs none of this: its URL is the same for every mailbox,
// https://outlook.office365.com/EWS/Exchange.asmx.
//
// # What it trusts
//
// An attacker between this client and the mailbox's domain, or in its DNS, can forge the
// SRV record and the answer to the request without TLS, and the URL that is found will be
// sent a password. A rule therefore applies to hosts: a host that it does not allow is
// never contacted, and no URL that leads there is returned. By default it allows the
// domain of the address with all hosts below it, and those in [Options.AllowedHosts].
// Everything but the one request of step 2, which carries no data, uses HTTPS.
//
// The rule also limits where credentials may go, so be careful with tokens: a bearer
// token that is valid for all mailboxes must not reach the web server of example.com,
// although that host is within the domain. Credentials go only to servers that ask for
// them and show that they are Exchange, by a header such as X-SOAP-Enabled, X-FEServer or
// X-DiagInfo, or a GUID in request-id. Hosts from the SRV record and those in
// [Options.AllowedHosts] and [Options.Named] need not show that. So the web site of the
// domain, which may belong to a stranger, gets no password just by asking for one. Any
// server can send such a header, though: [Options.Transport] decides which host gets
// which credentials, if any. After a refusal they are sent nowhere else, except that a
// refusal by the web server of the domain itself leaves one more attempt.
package autodiscover
