package driver

import (
	"fmt"
	"runtime/debug"
)

// Panic is what a call panics with when a goroutine that worked for it has panicked, as in a
// driver, a hook or a journal: the stack of that goroutine is lost otherwise. It is an error,
// so that a program which it ends prints both.
type Panic struct {
	// Value is what the goroutine panicked with. It may contain anything.
	Value any
	// Stack is that of the goroutine, as [debug.Stack] returns it.
	Stack []byte
}

// NewPanic returns a Panic for what a deferred function has recovered, with the stack of the
// goroutine that calls it: one that is a Panic stays as it is.
func NewPanic(recovered any) *Panic {
	if p, ok := recovered.(*Panic); ok {
		return p
	}
	return &Panic{Value: recovered, Stack: debug.Stack()}
}

// Error returns the value and the stack.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
