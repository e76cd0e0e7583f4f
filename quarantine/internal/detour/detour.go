// Package detour makes the engine's calls to a driver go differently: a test sees
// each call, lets the driver act or not, and may give another answer. It works with
// any driver.Strategy.
package detour

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Kind identifies the driver method that is called.
type Kind string

// Kinds of calls.
const (
	Find      Kind = "find"
	Inspect   Kind = "inspect"
	Content   Kind = "content"
	Mark      Kind = "mark"
	Remove    Kind = "remove"
	Shelve    Kind = "shelve"
	Leftovers Kind = "leftovers"
	Folder    Kind = "folder"
	Home      Kind = "home"
	Carry     Kind = "carry"
)

// Writes reports whether such a call changes an item or makes one.
func (k Kind) Writes() bool { return k == Mark || k == Remove || k == Shelve || k == Carry }

// Call is one call by the engine.
type Call struct {
	Kind Kind
	Box  string // address of the mailbox; for Carry, of the source mailbox

	Item     driver.Item // for Inspect and Leftovers, only the ID or the operation of its stamp
	Query    driver.Query
	Change   driver.Change
	Carriage driver.Carriage

	// Answer is what the engine gets.
	Answer Answer

	act func() Answer
}

// Answer is the answer to a call. Which fields count depends on the call.
type Answer struct {
	Item    driver.Item
	Items   []driver.Item
	Found   driver.Findings
	Content driver.Content
	Folder  driver.Folder
	Carried driver.Carried
	Err     error
}

// Act lets the driver act, and uses its answer.
func (c *Call) Act() { c.Answer = c.act() }

// Fail gives an error as the answer. The engine still learns how an item was carried,
// as package driver specifies.
func (c *Call) Fail(err error) { c.Answer = Answer{Item: c.Item, Carried: c.Answer.Carried, Err: err} }

// Strategy returns s with each call passed to hook, which calls [Call.Act] unless the
// driver should not act.
func Strategy(s driver.Strategy, hook func(context.Context, *Call)) driver.Strategy {
	return strategy{s, hook}
}

type strategy struct {
	driver.Strategy
	hook func(context.Context, *Call)
}

func (s strategy) Mailbox(address string) driver.Mailbox {
	return mailbox{s.Strategy.Mailbox(address), s.hook}
}

func (s strategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	a := pass(ctx, s.hook, Call{Kind: Carry, Box: c.From.Address(), Item: c.Item, Carriage: c}, func() (a Answer) {
		a.Carried, a.Err = s.Strategy.Carry(ctx, c)
		return a
	})
	return a.Carried, a.Err
}

// pass passes one call to the hook.
func pass(ctx context.Context, hook func(context.Context, *Call), c Call, act func() Answer) Answer {
	c.act = act
	hook(ctx, &c)
	return c.Answer
}
