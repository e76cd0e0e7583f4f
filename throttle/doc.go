// Package throttle keeps calls within the limits of Exchange servers: how many
// may be in flight for whom, how much of the server's time they may take, and who
// must wait how long before trying again.
//
// Exchange charges every call to a budget. With FullAccess that is the budget of
// the service account, whichever mailbox is accessed; with impersonation it is
// the budget of the impersonated mailbox. Here, whoever is charged is called the
// payer. All workers of a process share one [Limiter], so that a server's "not
// now" to one of them applies to all that use the same budget, and only to those.
//
// For each payer the limiter keeps
//
//   - a bound on calls in flight, which adapts: see below;
//   - on Exchange 2013 and later, what the server's token bucket is believed to
//     hold: see below;
//   - a time until which the payer is parked: as long as the server said
//     (BackOffMilliseconds, Retry-After), else an exponential delay with jitter;
//   - a queue, in which the mailboxes on whose behalf callers wait take turns, in
//     order of arrival within each. Waiting ends early if its context ends.
//
// A payer that is neither used nor parked is forgotten: at once if its state is as
// new, otherwise after ten minutes or when its bucket is full. A run over a hundred
// thousand mailboxes leaves no state behind. [Limiter.Waits] and [Limiter.State] show
// who waits for what, since when, and what the limiter believes.
//
// # Calls in flight
//
// The servers' real limits cannot be queried, administrators change them, and other
// programs may use the same account. So the bound is halved when the server
// throttles, and raised by one for every ten calls that were not throttled, between
// 1 and what the version allows. Raising by addition and lowering by multiplication
// is what makes programs that share a limit without knowing of each other end up
// with like parts of it; no other simple rule does (Chiu and Jain, "Analysis of the
// increase and decrease algorithms for congestion avoidance in computer networks",
// 1989). It grows by calls and not by time: whoever rests learns nothing. Rules that watch response times instead (TCP Vegas and its kin) need a queue
// that grows with the load. A call to Exchange takes as long as its message is large,
// and too many calls are refused, not queued.
//
// Calls that were in progress when a payer was throttled count as part of the
// same event: ten simultaneous refusals lower the bound once.
//
// # The token bucket
//
// Since 2013 each payer has a balance of time (see [Budget]). It recharges at a
// constant rate up to a maximum, and each call takes from it as long as the server
// works on it. Below zero the server delays every call a little (micro-delays), far
// below zero it refuses all calls until the balance is above zero again. By default
// that is a quarter of a second a second, after five minutes for a start: not much for
// a service account with twenty calls in flight.
//
// The limiter does the same sum, and lets a call go only if the balance covers what
// it and the calls in flight are expected to take, by the average of recent calls of
// their operation. So calls wait here, where they hold nothing, are shown, and can be
// cancelled, rather than there; and the work done is what it would be anyway, since
// the recharge rate bounds both. Twenty calls that the server delays would use up its
// threads, and the next program to use the account would find the balance far below
// zero.
//
// The sum is on the safe side, because the time of a call, which is all that a client
// sees, is at least what the server charges: it also contains the network, and any
// delays. Of the network, the client knows how long it took to connect, which is one round
// trip to the server or to something on the way to it: the shortest of at least four is
// not charged. Only a call that takes longer than a minute, after which the server stops,
// is charged a minute, and one that nobody answered what is expected at most.
//
// The other way round the sum may be too generous: another program uses the account,
// the policy is stricter than the preset, or this process has just been restarted.
// Delays show that, but no header reports them, and a client cannot tell them from
// slow answers for certain. What tells them apart best is that they are in every call:
// 32 calls in a row must each have taken longer than twice what the fastest tenth of
// their operation take. The balance is then halved, and if it was low, the rate is
// lowered to 70 %, but not below a half; it comes back within 20 minutes. A refusal
// halves the balance as well, no more, since it has other causes: the server's health,
// a queue in IIS, a bound on something else.
//
// The rate never exceeds the preset, however fast the server answers, because an
// answer without delay does not mean that there is room: the balance may just not be
// used up yet. Whoever knows better sets the [Budget] to the policy of the payer, or
// asks to Probe: the rate then rises by a tenth every ten seconds while it is too low
// for the callers and no delays show.
//
// # Two calls at once
//
// Streaming an export from one mailbox into an upload to another keeps the first
// call open until the second is done. Workers that hold one call and wait for
// another can deadlock. [Limiter.Reserve] takes in advance what such a pair
// needs, in an order that cannot deadlock; all other callers should hold at most
// one call at a time. Calls in flight that wait for the end of others hold at most half
// of a bucket, so no bucket can deadlock.
//
// # Presets
//
// Exchange 2010 lets an account have 10 calls in flight, later versions and
// Exchange Online 27 (EWSMaxConcurrency), and other programs may use the same
// account. [DefaultPerPayer] suits an unknown server, and is what every payer starts
// with. Package ews says with each call which version answered last, and the
// [Preset] of that version then applies: up to [LimitServiceAccount2013] calls and
// [DefaultBudget] since 2013. Exchange 2010 bounds percentages of each minute instead
// of a bucket; there the bound on calls in flight has to do.
//
// All of it can be set: for all payers in [Options], for one with [Limiter.SetLimit]
// and [Limiter.SetBudget]. With impersonation, the quarantine mailbox is the
// hot spot, because every copy is charged to it: give it a policy and bounds of its own.
// Back-off without a hint starts between 10 and 20 seconds and doubles up to a minute.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
package throttle
