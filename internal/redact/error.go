package redact

import (
	"errors"
	"fmt"
)

// Error returns an error without the secrets in its text. It matches what err matches.
func (s *Secrets) Error(err error) error { return struckError(err, s) }

func struckError(err error, all ...*Secrets) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := strike(text, all...)
	if clean == text {
		return err
	}
	return &struck{text: clean, cause: func() error { return err }}
}

// struck is an error with another text. It does not unwrap to its cause, whose own text
// contains the secret, but matches and converts like it.
type struck struct {
	text  string
	cause func() error // a function, because fmt would print what a field refers to
}

func (e *struck) Error() string { return e.text }

// Is reports whether the cause matches target.
func (e *struck) Is(target error) bool { return errors.Is(e.cause(), target) }

// As converts the cause.
func (e *struck) As(target any) bool { return errors.As(e.cause(), target) }

// Timeout reports whether the cause is a timeout, for [net/url.Error].
func (e *struck) Timeout() bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](e.cause())
	return ok && t.Timeout()
}

// Format writes the text for every verb.
func (e *struck) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.text) }
