package driver

import (
	"fmt"
	"runtime/debug"
)

// Panic is what a call panics with if a goroutine that worked for it has panicked, for
// example in a driver, a hook or a journal: otherwise the stack of that goroutine would be
// lost. It is an error, so a program that crashes with it prints both the value and the
// stack.
type Panic struct {
	// Value is what the goroutine panicked with. It may contain anything.
	Value any
	// Stack is the stack of the goroutine, as [debug.Stack] returns it.
	Stack []byte
}

// NewPanic returns a Panic for what a deferred function has recovered, with the stack of
// the calling goroutine. A value that is already a Panic is returned as it is.
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
