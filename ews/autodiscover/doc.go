// Package autodiscover finds the EWS URL of a mailbox when a configuration has
// none: a [Client] takes an address and returns a URL.
//
// # Where it looks
//
// For alice@example.com it goes to these places in turn and stops at the first
// that answers with a URL:
//
//  1. https://example.com and https://autodiscover.example.com
//  2. the host that http://autodiscover.example.com/autodiscover/autodiscover.xml
//     redirects to
//  3. the hosts of the SRV record _autodiscover._tcp.example.com
//
// At each it first asks without credentials whether an Exchange is there. Where
// one is, it calls the SOAP operation GetUserSettings at
// /autodiscover/autodiscover.svc, if it has credentials for the host, and
// otherwise, or if that gives nothing, the JSON service at
// /autodiscover/autodiscover.json, which takes none; Exchange 2016 (CU 3) and
// later, and Exchange Online, have it. Answers that redirect to another host or
// another address are followed, a bounded number of times.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/autodiscover-for-exchange.
//
// Exchange Online needs none of this: its URL is the same for everybody,
// https://outlook.office365.com/EWS/Exchange.asmx.
//
// # Whom it trusts
//
// Whoever can put himself between here and the mailbox's domain, or into its
// DNS, can answer the request without TLS and the SRV record as he likes, and
// the URL found will be sent a password. So there is a rule about hosts: nothing
// is asked of a host that it does not allow, nothing is sent there, and no URL
// that leads there is returned. By default it allows the domain of the address
// with all hosts below it, and what [Options.AllowedHosts] lists. Everything but
// the one request of step 2, which carries nothing, is HTTPS.
//
// The rule also decides where credentials may go, so beware of tokens: a bearer
// token that is good for all mailboxes has no business on the web server that
// answers for example.com, although it is within the domain. Credentials go only
// to servers that ask for them, but anybody can ask. [Options.Transport] says
// which host gets which, and may say none.
package autodiscover
