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

// Limits bounds what a search by [Criteria] may find. It does not apply to
// messages found by Message-ID.
type Limits struct {
	// PerMailbox is how many messages in one mailbox may match. If more do, the
	// whole mailbox is refused: nothing is taken from it. Default: 100.
	PerMailbox int `json:"perMailbox,omitempty"`

	// Total is how many messages may match in all mailboxes of one call on the
	// same server. If more do, the whole call is refused. Default: 5,000.
	Total int `json:"total,omitempty"`

	// Examined is how many messages of one mailbox may be read because the server
	// cannot decide on them. If there are more, those are not looked at: what was
	// found until then is taken, and the receipt says that there may be more, as
	// undecided. What the server finds by its own properties of the sender comes
	// first. Reading 10,000 messages for their sender or recipient takes about 150
	// requests; for links and attachments, one each. Default: 10,000.
	Examined int `json:"examined,omitempty"`

	// Protected lists the addresses of mailboxes that are never searched by
	// criteria.
	Protected []string `json:"protected,omitempty"`
}

// Errors of searches by criteria; test with errors.Is.
var (
	// ErrTooManyHits reports that a search found more than its limits allow. Nothing
	// was taken.
	ErrTooManyHits = errors.New("quarantine: too many messages")
	// ErrProtected reports that a mailbox must not be searched by criteria.
	ErrProtected = errors.New("quarantine: the mailbox is protected from searches by criteria")
)

// Validate reports whether the limits can be used. The error joins an
// [*InvalidError] for each invalid field.
func (l Limits) Validate() error {
	var errs []error
	for field, problem := range l.problems() {
		errs = append(errs, driver.Invalid("limits", field, problem))
	}
	return errors.Join(errs...)
}

// problems yields each invalid field and its problem.
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

// IsZero reports whether no field is set.
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

// checkMailbox refuses a protected mailbox.
func (l Limits) checkMailbox(address string) error {
	if slices.ContainsFunc(l.Protected, func(p string) bool { return strings.EqualFold(p, address) }) {
		return fmt.Errorf("%w: %s: name the message by its Message-ID, or remove the mailbox from the list of protected mailboxes", ErrProtected, address)
	}
	return nil
}

// checkHits refuses a mailbox in which too much was found.
func (l Limits) checkHits(address string, hits int) error {
	if hits > l.PerMailbox {
		return fmt.Errorf("%w: more than %d messages in %s: nothing was taken; narrow the criteria or raise the limit perMailbox", ErrTooManyHits, l.PerMailbox, address)
	}
	return nil
}

// errExamined ends a search that would have to read more than its limits allow.
var errExamined = errors.New("quarantine: enough was read")

// checkExamined returns errExamined if too much must be read.
func (l Limits) checkExamined(examined int) error {
	if examined > l.Examined {
		return errExamined
	}
	return nil
}

// unexamined describes what was left out by a search that would have to read too much.
func (l Limits) unexamined() driver.Unsearched {
	return driver.Unsearched{Cause: CauseUndecided, Reason: fmt.Sprintf(
		"more than %d messages would have to be read, and those beyond were not looked at: narrow the time, add a subject, or raise the limit examined", l.Examined)}
}

// hitTally counts what is found in all mailboxes of one call. Its methods may
// be called concurrently.
type hitTally struct {
	max int

	mu    sync.Mutex
	total int
}

func (l Limits) newTally() *hitTally { return &hitTally{max: l.withDefaults().Total} }

// add counts the hits in a mailbox and fails once there are too many. Nothing
// may be taken anywhere until all mailboxes have been counted.
func (t *hitTally) add(hits int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += hits
	if t.total > t.max {
		return fmt.Errorf("%w: more than %d messages in all mailboxes: nothing was taken; narrow the criteria or raise the limit total", ErrTooManyHits, t.max)
	}
	return nil
}
