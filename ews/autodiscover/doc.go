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
// At each it first sends a request without credentials. If the server asks for
// credentials, its answer shows that it is Exchange, and there are some for the host, it
// calls the SOAP operation
// GetUserSettings at /autodiscover/autodiscover.svc. Otherwise, or if that
// yields no URL, it asks the JSON service at /autodiscover/autodiscover.json,
// which needs no credentials; Exchange 2016 (CU 3) and later, and Exchange
// Online, have it. Redirects to another host, path or address are followed, up to a
// limit; two addresses that redirect to each other are an error.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/autodiscover-for-exchange.
//
// Exchange Online needs none of this: its URL is the same for every mailbox,
// https://outlook.office365.com/EWS/Exchange.asmx.
//
// # What it trusts
//
// An attacker between this client and the mailbox's domain, or in its DNS, can
// forge the SRV record and the answer to the request without TLS, and the URL
// found will be sent a password. So there is a rule about hosts: a host that it
// does not allow is never contacted, and no URL that leads there is returned.
// By default it allows the domain of the address with all hosts below it, and
// those in [Options.AllowedHosts]. Everything but the one request of step 2,
// which carries no data, is HTTPS.
//
// The rule also limits where credentials may go, so beware of tokens: a bearer
// token that is valid for all mailboxes must not reach the web server of
// example.com, although that host is within the domain. Credentials go only to
// servers that ask for them and show that they are Exchange: by a header such as
// X-SOAP-Enabled, X-FEServer or X-DiagInfo, or a GUID in request-id. Hosts of the SRV
// record and those in [Options.AllowedHosts] and [Options.Named] need not. So the web
// site of the domain, which may be a stranger's, gets no password because it asks for
// one. Any server can send such a header, though: [Options.Transport] decides which host
// gets which credentials, if any. After a refusal they go nowhere else; a refusal by the
// web server of the domain itself leaves one more attempt.
package autodiscover
