package reported

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Answer allows reports to be answered by mail, and configures the answers. They are the
// only mail that this module ever sends. Over EWS with FullAccess, the account needs the
// right to send as the watched mailbox (Send As).
type Answer struct {
	// Text makes the text of an answer from [AnswerData]; at most 64 KB. Required.
	Text *template.Template
	// Subject makes the subject in the same way. Default: "Re: " and the report's subject.
	Subject *template.Template
	// Domains are the domains of the reporters who are answered, such as example.com;
	// subdomains are not included. Required: an answer to a stranger would tell a spammer
	// that the mailbox is read.
	Domains []string
	// Doubt is how long a request to send can still take effect if its response was lost.
	// Default: 15 minutes.
	Doubt time.Duration
}

// AnswerData is the data for the templates of an [Answer].
type AnswerData struct {
	ID       string
	Received time.Time
	From     string
	Subject  string
	Data     any // the argument of [Report.Answer]
}

const defaultDoubt = 15 * time.Minute

func (a *Answer) check() error {
	switch {
	case a.Text == nil:
		return errors.New("reported: Options.Answer.Text is nil: use a template from package text/template")
	case len(a.Domains) == 0:
		return errors.New("reported: Options.Answer.Domains is empty: name the domains of those who report")
	case a.Doubt < 0:
		return fmt.Errorf("reported: Options.Answer.Doubt is %v: it must not be negative", a.Doubt)
	}
	return nil
}

// Errors of [Report.Answer].
var (
	// ErrNoAnswers reports that answers were not allowed: see [Options].Answer.
	ErrNoAnswers = errors.New("reported: answers are not allowed: set Options.Answer")
	// ErrNotAnswerable reports that a report must not be answered: it comes from a program, a
	// list, a stranger or the mailbox itself (RFC 3834, section 2).
	ErrNotAnswerable = errors.New("reported: the report is not to be answered")
)

// UndecidedError reports that it is not known whether an answer was sent. It is not sent
// again. Call [Report.Answer] again after Until to find out; an earlier call may do so,
// too. If Until is zero, no call will, and a person has to look.
type UndecidedError struct {
	Until time.Time
	Err   error // of the request to send; nil if an earlier process sent it
}

// Error returns what is not known, and what to do.
func (e *UndecidedError) Error() string {
	text := "reported: it is not known whether the answer was sent, so it is not sent again: "
	if e.Until.IsZero() {
		text += "it is neither in Drafts nor in Sent Items: ask the reporter"
	} else {
		text += "call Answer again after " + e.Until.UTC().Format(time.RFC3339)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the error of the request to send.
func (e *UndecidedError) Unwrap() error { return e.Err }

// Answer sends the reporter an answer, once, from the watched mailbox, which keeps a copy
// in Sent Items. Call it before [Report.Acknowledge]. It does nothing if the report was
// already answered, even by an earlier process. It first saves a draft with the report's
// id, then marks the report, then sends the draft. If it is not known whether that worked,
// Sent Items is searched: see [UndecidedError]. A draft left by an earlier process is used;
// if there are several, all but one stay in Drafts.
func (r Report) Answer(ctx context.Context, data any) error {
	h := r.hold
	if h == nil {
		return ErrNotHeld
	}
	if h.run.w.opts.Answer == nil {
		return ErrNoAnswers
	}
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	if h.ended {
		return ErrNotHeld
	}
	box, _ := driver.As[driver.Answering](h.run.w.mailbox)
	s := &answering{hold: h, box: box, doubt: cmp.Or(h.run.w.opts.Answer.Doubt, defaultDoubt)}
	if err := s.answer(ctx, AnswerData{r.ID, r.Received, r.From, r.Subject, data}); err != nil {
		return fmt.Errorf("answering report %s: %w", r.ID, err)
	}
	return nil
}

// answering is an answer on its way.
type answering struct {
	hold  *hold
	box   driver.Answering
	doubt time.Duration
}

func (s *answering) answer(ctx context.Context, data AnswerData) error {
	if s.hold.note.answer == answered {
		return nil
	}
	found, err := s.box.Answers(ctx, data.ID)
	if err != nil {
		return err
	}
	begun := s.hold.note.answer == sending
	sentAt := s.hold.note.sentAt
	if sentAt.After(time.Now().Add(time.Minute)) {
		sentAt = time.Time{} // nobody has sent it yet: the note is forged
	}
	until := sentAt.Add(s.doubt)
	switch {
	case len(found.Sent) > 0:
		return s.mark(ctx, answered)
	case len(found.Leaving) > 0, begun && time.Now().Before(until):
		return &UndecidedError{Until: later(until, time.Now().Add(time.Minute))}
	case begun && len(found.Drafts) == 0:
		return &UndecidedError{}
	}
	if len(found.Drafts) == 0 {
		mime, err := s.compose(ctx, data)
		if err != nil {
			return err
		}
		if err := s.box.Draft(ctx, data.ID, mime); err != nil {
			return err
		}
		if found, err = s.box.Answers(ctx, data.ID); err != nil {
			return err
		}
		if len(found.Drafts) == 0 || len(found.Sent)+len(found.Leaving) > 0 {
			return errors.New("the draft cannot be found yet: call Answer again")
		}
	}
	return s.send(ctx, data.ID, found.Drafts[0])
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// send sends a draft. A draft has not been sent, and can be sent only once.
func (s *answering) send(ctx context.Context, mark string, draft driver.Item) error {
	if err := s.mark(ctx, sending); err != nil {
		return err
	}
	err := s.box.Send(ctx, draft)
	if err != nil && driver.Untouched(err) {
		return errors.Join(err, s.mark(ctx, notAnswered))
	}
	found, lookErr := s.box.Answers(ctx, mark)
	if lookErr == nil && (len(found.Sent) > 0 || err == nil && len(found.Leaving) > 0) {
		return s.mark(ctx, answered)
	}
	return &UndecidedError{Until: s.hold.note.sentAt.Add(s.doubt), Err: errors.Join(err, lookErr)}
}

// mark records how far the answer got.
func (s *answering) mark(ctx context.Context, state answerState) error {
	return s.hold.write(ctx, func(n *note) {
		n.answer = state
		if state == sending {
			n.sentAt = time.Now()
		}
	})
}

// answerable reports whether an address belongs to one of the domains.
func (a *Answer) answerable(address string) bool {
	_, domain, ok := strings.Cut(address, "@")
	for _, d := range a.Domains {
		if ok && strings.EqualFold(domain, strings.TrimPrefix(d, "@")) {
			return true
		}
	}
	return false
}
