// Package throttle keeps calls within the limits of Exchange servers: how many
// may be in flight for whom, how much of the server's time they may take, and who
// must wait how long before trying again.
//
// Exchange charges every call to a budget. With FullAccess that is the budget of
// the service account, whichever mailbox is accessed; with impersonation it is
// the budget of the impersonated mailbox. This package calls whoever is charged the
// payer. All workers of a process share one [Limiter], so that a server's "not
// now" to one of them applies to all that use the same budget, and only to those.
//
// For each payer the limiter keeps
//
//   - an adaptive bound on calls in flight (see below);
//   - for Exchange 2013 and later, an estimate of the server's token bucket (see below);
//   - a time until which the payer is parked: as long as the server asked
//     (BackOffMilliseconds, Retry-After), or else an exponential delay with jitter;
//   - a queue, in which the mailboxes on whose behalf callers wait take turns, in
//     order of arrival within each. Waiting ends early if the caller's context ends.
//
// A payer that is neither used nor parked is forgotten: immediately if its state is as
// new, otherwise after ten minutes or when its bucket is full. A run over a hundred
// thousand mailboxes leaves no state behind. [Limiter.Waits] and [Limiter.State] show
// who is waiting for what, since when, and what the limiter believes.
//
// # Calls in flight
//
// The servers' real limits cannot be queried, administrators change them, and other
// programs may use the same account. So the bound is halved when the server
// throttles, and raised by one for every ten calls that were not throttled, between
// 1 and what the version allows. Additive increase with multiplicative decrease is
// what makes programs that share a limit without knowing of each other end up with
// similar shares; no other simple rule does (Chiu and Jain, "Analysis of the
// increase and decrease algorithms for congestion avoidance in computer networks",
// 1989). The bound grows with calls and not with time, because a payer at rest learns
// nothing. Rules that watch response times instead (TCP Vegas and its kin) need a queue
// that grows with the load. The time of a call to Exchange depends on the size of its
// message, and excess calls are refused, not queued.
//
// Calls that were in progress when a payer was throttled count as part of the
// same event: ten simultaneous refusals lower the bound once.
//
// # The token bucket
//
// Since 2013 each payer has a balance of time (see [Budget]). It recharges at a
// constant rate up to a maximum, and each call takes from it the time that the server
// works on it. Below zero the server delays every call a little (micro-delays); far
// below zero it refuses all calls until the balance is above zero again. By default
// the bucket holds five minutes and recharges by a quarter of a second per second: not
// much for a service account with twenty calls in flight.
//
// The limiter does the same arithmetic, and lets a call go only if the balance covers
// what it and the calls in flight are expected to take, judging by the average of recent
// calls of their operations. So calls wait here, where they hold nothing, are visible,
// and can be cancelled, rather than on the server. The same work gets done, since the
// recharge rate bounds it either way. Twenty calls that the server delays would use up its
// threads, and the next program to use the account would find the balance far below
// zero.
//
// The estimate is on the safe side, because the duration of a call, which is all that a
// client sees, is at least what the server charges: it also includes the network and any
// delays. Of the network, the client knows how long it took to connect, which is one round
// trip to the server or to something on the way to it; the shortest of at least four is
// not charged. There are two exceptions. A call that takes longer than a minute, after
// which the server stops, is charged a minute; a call that was never answered is charged
// at most what was expected.
//
// On the other hand, the estimate may be too generous: another program uses the account,
// the policy is stricter than the preset, or this process has just been restarted.
// Delays show that, but no header reports them, and a client cannot tell them from
// slow responses with certainty. Their best mark is that they affect every call:
// 32 calls in a row must each have taken more than twice as long as the fastest tenth of
// their operation. The balance is then halved, and if it was low, the rate is
// lowered to 70 %, but not below half; it recovers within 20 minutes. A refusal
// also halves the balance, but does no more, since it has other causes: the server's
// health, a queue in IIS, a bound on something else.
//
// The rate never exceeds the preset, however fast the server responds, because a
// response without delay does not mean that there is room: the balance may just not be
// used up yet. If you know better, set the [Budget] to the payer's policy, or
// set Probe: the rate then rises by a tenth every ten seconds while it is too low
// for the callers and no delays show.
//
// # Two calls at once
//
// Streaming an export from one mailbox into an upload to another keeps the first
// call open until the second is done. Workers that hold one call and wait for
// another can deadlock. [Limiter.Reserve] takes in advance what such a pair
// needs, in an order that cannot deadlock; all other callers should hold at most
// one call at a time. Calls in flight that wait for others to end hold at most half
// of a bucket, so no bucket can deadlock.
//
// # Presets
//
// Exchange 2010 lets an account have 10 calls in flight, later versions and
// Exchange Online 27 (EWSMaxConcurrency), and other programs may use the same
// account. [DefaultPerPayer] suits an unknown server, and is what every payer starts
// with. With each call, package ews reports which version answered last, and the
// [Preset] of that version then applies: up to [LimitServiceAccount2013] calls and
// [DefaultBudget] since 2013. Exchange 2010 bounds percentages of each minute instead
// of keeping a bucket; there the bound on calls in flight has to do.
//
// All of this can be set: for all payers in [Options], for one with [Limiter.SetLimit]
// and [Limiter.SetBudget]. With impersonation, the quarantine mailbox is the
// hot spot, because every copy is charged to it: give it its own policy and bounds.
// Back-off without a hint starts between 10 and 20 seconds and doubles up to a minute.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
package throttle
