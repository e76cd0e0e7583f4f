package ewstest

import (
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Deed is something that a person or a policy did, or could not do.
type Deed struct {
	Time   time.Time // by Options.Now
	When   string    // such as "before call 7 (MoveItem)": the number is one more than in hooks, which count from 0
	Who    string    // such as "owner of alice@example.test"
	Action string    // such as "files"
	What   string    // the object of the action: `message 3 <lure@evil.example> into "/Inbox/Projects"`
	Object uint64    // of the message; 0 if it concerns a folder or a mailbox
	Err    error     // why it was impossible; nil if it was done
}

// String returns the deed as one line.
func (d Deed) String() string {
	line := d.When + ": " + d.Who + " " + d.Action + " " + d.What
	if d.Err != nil {
		line += ": impossible: " + d.Err.Error()
	}
	return line
}

// Story is what people and policies did, in order. A failing test can print it.
type Story []Deed

// String returns the deeds, one per line.
func (s Story) String() string {
	lines := make([]string, len(s))
	for i, d := range s {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Story returns what people (see [Person]), policies (see [Mailbox.AddPolicy]) and
// scripts (see [Server.Play]) did so far, and when moves of mailboxes began and ended, in
// order; with Options.MaxRecords, only the latest. [Server.Requests] shows what the
// client asked for and which faults struck: call 1 of the story is the first of those
// requests, as long as nobody calls [Server.ResetRequests].
func (s *Server) Story() Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.people.story)
}

// people holds what acts on mailboxes besides the callers. The server's lock guards it.
type people struct {
	story    Story
	policies []*policy
	arrivals []arrival
	timers   timers
}

// record adds a deed to the story. Empty when means between two calls.
func (s *Server) record(d Deed) {
	if d.When == "" {
		d.When = s.log.between()
	}
	d.Time = s.opts.Now()
	s.people.story = newest(append(s.people.story, d), s.opts.MaxRecords)
	// What may contain a sender's text, which must not be in a log, and an error of a
	// test may contain it too.
	record := []any{slog.String("when", d.When), slog.String("who", d.Who),
		slog.String("action", d.Action), slog.Uint64("object", d.Object), slog.Bool("done", d.Err == nil)}
	for _, why := range []error{ErrNotThere, ErrUnavailable, ErrImpossible} {
		if errors.Is(d.Err, why) {
			record = append(record, slog.String("why", why.Error()))
		}
	}
	s.opts.Logger.Info("deed", record...)
}

// between describes the point between two calls by the last call that began.
func (j *journal) between() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seen == 0 {
		return "before the first call"
	}
	return "after call " + strconv.Itoa(j.seen) + " began"
}

// title names an item in a story.
func title(it *mailstore.Item) string {
	return titled(it.Object(), it.Properties().Text(mailstore.TagMessageID))
}

func titled(object uint64, messageID string) string {
	text := "message " + strconv.FormatUint(object, 10)
	if messageID != "" {
		text += " " + printable(messageID)
	}
	return text
}

// printable returns a text as it is or, if a terminal would not show it that way, quoted.
func printable(s string) string {
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}

// Object returns the message that currently has an object number, wherever it is, or nil
// if it is gone. See [Message].
func (s *Server) Object(number uint64) *Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.object(number)
}

func (s *Server) object(number uint64) *Message {
	if it := s.org.Object(number); it != nil {
		return snapshot(it)
	}
	return nil
}
