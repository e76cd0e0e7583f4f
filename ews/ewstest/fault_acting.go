package ewstest

import "time"

// Acted returns the fault for a server that does what it was asked to do but still
// answers with the fault: a gateway gave up waiting, or the server failed after it had
// written. It makes a difference only to faults that refuse a request or a member of a
// batch without acting: [DropBefore], [Unavailable], [HTMLPage], [EmptyBody],
// [EarlierAnswer], [NoResponseMessage], [Gateway], the faults for an operation that the
// server does not have, and those with a response code. With the other faults, the server
// acts anyway, or not acting is the point.
func (f Fault) Acted() Fault {
	f.Name += ", the server acted"
	f.acted, f.later, f.held = true, 0, false
	return f
}

// ActedAfter is [Fault.Acted] for a server that acts when the duration, seconds to hours,
// has passed since the answer; inside a testing/synctest bubble it uses the bubble's
// clock. It then treats the request as if it had arrived at that moment: an id that has
// changed is not found, an old change key conflicts, and the budget is charged. Hooks do
// not see it, and neither do faults that answer a request or one of its members instead
// of the server; [Ghost] and faults that change what the server does, such as
// [FalseSuccess], still strike. [Server.Requests] shows what became of it. A closed
// server no longer acts.
//
// It applies to faults that refuse a request or its members, and panics if d is
// not positive.
func (f Fault) ActedAfter(d time.Duration) Fault {
	if d <= 0 {
		panic("ewstest: ActedAfter: the duration must be positive")
	}
	f.Name += ", the server acts after " + d.String()
	f.acted, f.later, f.held = false, d, false
	return f
}

// ActedOnCall is [Fault.ActedAfter] for a server that acts when the test calls
// [Server.ActWithheld]; until then the request is withheld.
func (f Fault) ActedOnCall() Fault {
	f.Name += ", the server acts when told"
	f.acted, f.later, f.held = false, 0, true
	return f
}

// Late returns a fault that closes the connection without an answer, while the
// server acts later: [DropBefore] with [Fault.ActedAfter].
func Late(d time.Duration) Fault { return DropBefore.ActedAfter(d) }

// Withheld closes the connection without an answer; the server acts when the test
// calls [Server.ActWithheld].
var Withheld = DropBefore.ActedOnCall()

// postponed reports whether the server acts after it has answered.
func (f Fault) postponed() bool { return f.held || f.later > 0 }
