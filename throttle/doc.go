// Package throttle keeps calls within the limits of Exchange servers: how many
// may be in flight for whom, and who must wait how long before trying again.
//
// Exchange charges every call to a budget. With FullAccess that is the budget of
// the service account, whichever mailbox is accessed; with impersonation it is
// the budget of the impersonated mailbox. Here, whoever is charged is called the
// payer. All workers of a process share one [Limiter], so that a server's "not
// now" to one of them applies to all that use the same budget, and only to those.
//
// For each payer the limiter keeps
//
//   - a bound on calls in flight. It is halved when the server throttles, and
//     raised again by one for every ten calls that were not throttled: the
//     servers' real limits cannot be queried, and administrators change them;
//   - a time until which the payer is parked: as long as the server said
//     (BackOffMilliseconds, Retry-After), else an exponential delay with jitter;
//   - a queue in order of arrival. Waiting ends early if its context ends.
//
// Calls that were in progress when a payer was throttled count as part of the
// same event: ten simultaneous refusals lower the bound once. A payer that is
// neither used nor parked is forgotten: at once if its state is as new, otherwise
// after ten minutes. A run over a hundred thousand mailboxes leaves no state
// behind.
//
// # Two calls at once
//
// Streaming an export from one mailbox into an upload to another keeps the first
// call open until the second is done. Workers that hold one call and wait for
// another can deadlock. [Limiter.Reserve] takes in advance what such a pair
// needs, in an order that cannot deadlock; all other callers should hold at most
// one call at a time.
//
// # Defaults
//
// Exchange 2010 lets an account have 10 calls in flight, later versions and
// Exchange Online 27 (EWSMaxConcurrency), and other programs may use the same
// account. [DefaultPerPayer] suits an unknown server. Where the version is known,
// [Limiter.SetLimit] may raise the bound of a service account to
// [LimitServiceAccount2013]. With impersonation, the quarantine mailbox is the
// hot spot, because every copy is charged to it: use Options.Limits to give it a
// bound of its own. Back-off without a hint starts between 10 and 20 seconds and
// doubles up to a minute.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
package throttle
