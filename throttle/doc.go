// Package throttle owns the patience of Exchange servers: how many calls may be
// in flight for whom, and who has to wait how long before asking again.
//
// Exchange charges every call to a budget. With FullAccess that is the budget of
// the service account, whichever mailbox is worked on; with impersonation it is
// the budget of the impersonated mailbox. Whoever is charged is called the payer
// here. One [Limiter] is shared by all workers of a process, so that a server's
// "not now" to one of them is heard by all that spend from the same budget, and
// only by those.
//
// For each payer the limiter keeps
//
//   - a bound on calls in flight. It is lowered to half when the server
//     throttles, and raised again by one for every ten calls that were not
//     throttled: the servers' real limits cannot be asked for, and
//     administrators change them;
//   - a time until which the payer is parked: as long as the server said
//     (BackOffMilliseconds, Retry-After), else an exponential delay with jitter;
//   - a queue in order of arrival. Waiting ends early when its context ends.
//
// Calls that were under way when a payer was throttled are taken as part of the
// same event: ten refusals at once lower the bound once. A payer that is neither
// used nor parked is forgotten, at once if it stands as it began, else after ten
// minutes; a run over a hundred thousand mailboxes keeps no state behind.
//
// # Two calls at once
//
// Streaming an export from one mailbox into the upload to another keeps the
// first call open until the second is done. Workers that hold one call and wait
// for another can wait for each other for ever. [Limiter.Reserve] takes what such
// a pair needs beforehand, in an order that cannot deadlock; every other caller
// should hold at most one call at a time.
//
// # Defaults
//
// Exchange 2010 lets an account have 10 calls in flight, later versions and
// Exchange Online 27 (EWSMaxConcurrency), and other programs may use the same
// account. [DefaultPerPayer] suits a server nothing is known of. Where the
// version is known, [Limiter.SetLimit] may raise the bound of a service account
// to [LimitServiceAccount2013]. The quarantine mailbox is the hot spot under
// impersonation, since every copy is charged to it: Options.Limits sets payers
// apart. Back-off without a hint starts between 10 and 20 seconds and doubles to
// a minute.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
package throttle
