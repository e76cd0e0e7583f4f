package quarantine

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Limits bound what a search by [Criteria] may find. A message found by its
// Message-ID is not bounded.
type Limits struct {
	// PerMailbox is how many messages of one mailbox may match. If there are
	// more, the mailbox is refused as a whole: none is taken. Default: 100.
	PerMailbox int `json:"perMailbox,omitempty"`

	// Total is how many may match in all mailboxes of one call that are on the
	// same server. If there are more, the call is refused as a whole.
	// Default: 5,000.
	Total int `json:"total,omitempty"`

	// Examined is how many messages of one mailbox may have to be read because
	// the server cannot decide. If there are more, the mailbox is refused.
	// Default: 10,000.
	Examined int `json:"examined,omitempty"`

	// Protected are addresses of mailboxes that are never searched by criteria.
	Protected []string `json:"protected,omitempty"`
}

// Errors of searches by criteria.
var (
	// ErrTooManyHits matches a search that found, or would have had to read, more
	// than its limits allow. Nothing was taken.
	ErrTooManyHits = errors.New("quarantine: the criteria match too much")
	// ErrProtected matches a mailbox that must not be searched by criteria.
	ErrProtected = errors.New("quarantine: the mailbox is protected from searches by criteria")
)

// Validate reports whether the limits can be used. The error joins an
// [*InvalidError] for each field.
func (l Limits) Validate() error {
	var errs []error
	for field, problem := range l.problems() {
		errs = append(errs, driver.Invalid("limits", field, problem))
	}
	return errors.Join(errs...)
}

// problems yields what is wrong, with the field.
func (l Limits) problems() iter.Seq2[string, string] {
	return func(yield func(field, problem string) bool) {
		for _, f := range []struct {
			name  string
			value int
		}{{"perMailbox", l.PerMailbox}, {"total", l.Total}, {"examined", l.Examined}} {
			if f.value < 0 && !yield(f.name, fmt.Sprintf("is %d; give a positive number, or leave it out for the default", f.value)) {
				return
			}
		}
		for i, address := range l.Protected {
			if err := mailname.CheckAddress(address); err != nil && !yield(fmt.Sprintf("protected[%d]", i), err.Error()) {
				return
			}
		}
	}
}

// IsZero reports whether nothing is set.
func (l Limits) IsZero() bool {
	return l.PerMailbox == 0 && l.Total == 0 && l.Examined == 0 && len(l.Protected) == 0
}

func (l Limits) withDefaults() Limits {
	if l.PerMailbox == 0 {
		l.PerMailbox = 100
	}
	if l.Total == 0 {
		l.Total = 5_000
	}
	if l.Examined == 0 {
		l.Examined = 10_000
	}
	l.Protected = slices.Clone(l.Protected)
	return l
}

// checkMailbox refuses a mailbox that is protected.
func (l Limits) checkMailbox(address string) error {
	if slices.ContainsFunc(l.Protected, func(p string) bool { return strings.EqualFold(p, address) }) {
		return fmt.Errorf("%w: %s: name the message by its Message-ID, or take the mailbox off the list protected", ErrProtected, address)
	}
	return nil
}

// checkHits refuses a mailbox in which too much was found.
func (l Limits) checkHits(address string, hits int) error {
	if hits > l.PerMailbox {
		return fmt.Errorf("%w: more than %d messages in %s: nothing was taken; narrow the criteria, or raise the limit perMailbox", ErrTooManyHits, l.PerMailbox, address)
	}
	return nil
}

// checkExamined refuses a mailbox in which too much has to be read.
func (l Limits) checkExamined(address string, examined int) error {
	if examined > l.Examined {
		return fmt.Errorf("%w: more than %d messages of %s would have to be read: nothing was taken; narrow the time or add sender or subject, or raise the limit examined",
			ErrTooManyHits, l.Examined, address)
	}
	return nil
}

// hitTally counts what is found in all mailboxes of one call. Its methods may be
// called concurrently.
type hitTally struct {
	max int

	mu    sync.Mutex
	total int
}

func (l Limits) newTally() *hitTally { return &hitTally{max: l.withDefaults().Total} }

// add counts the hits of a mailbox and fails once there are too many. Nothing
// may be taken anywhere before all mailboxes have been counted.
func (t *hitTally) add(hits int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += hits
	if t.total > t.max {
		return fmt.Errorf("%w: more than %d messages in all mailboxes: nothing was taken; narrow the criteria, or raise the limit total", ErrTooManyHits, t.max)
	}
	return nil
}
