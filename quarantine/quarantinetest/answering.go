package quarantinetest

import (
	"errors"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// answer is what the suite sends, from the user to the quarantine mailbox.
const (
	answerID   = "<answer@quarantinetest.example>"
	answerMark = "aaaabbbbccccddddeeeeffffgg"
	otherMark  = "aaaabbbbccccddddeeeeffffhh"
)

// watchAnswers checks that a draft is found by its mark, and sent once, which a copy shows.
func watchAnswers(t *testing.T, lab Lab) {
	box := lab.Strategy().Mailbox(lab.User())
	a, ok := driver.As[driver.Answering](box)
	if !ok {
		return
	}
	arrived := func() int { return len(visible(t, lab, lab.Quarantine(), answerID)) }
	answers := func(mark string, drafts, sent int) driver.Answers {
		t.Helper()
		found, err := a.Answers(t.Context(), mark)
		if err != nil {
			t.Fatalf("Answers: %v", err)
		}
		if len(found.Drafts) != drafts || len(found.Leaving)+len(found.Sent) != sent {
			t.Fatalf("Answers with %s: %d drafts, %d leaving and %d sent; want %d and %d", mark, len(found.Drafts), len(found.Leaving), len(found.Sent), drafts, sent)
		}
		return found
	}
	answers(answerMark, 0, 0)
	text := "From: " + lab.User() + "\r\nTo: " + lab.Quarantine() + "\r\nSubject: thanks\r\nMessage-ID: " + answerID + "\r\n\r\nThank you.\r\n"
	if err := a.Draft(t.Context(), answerMark, []byte(text)); err != nil {
		t.Fatalf("Draft: %v", err)
	}
	if n := arrived(); n != 0 {
		t.Fatalf("Draft has sent %d messages", n)
	}
	answers(otherMark, 0, 0)
	draft := answers(answerMark, 1, 0).Drafts[0]

	stale := draft
	stale.Version += "0"
	if err := a.Send(t.Context(), stale); err == nil || arrived() != 0 {
		t.Errorf("Send of another version: %v, and %d have arrived; want an error, and none", err, arrived())
	}
	if err := a.Send(t.Context(), draft); driver.CauseOf(err) == driver.CauseNoPermission && driver.Untouched(err) && arrived() == 0 {
		answers(answerMark, 1, 0)
		return // the account may not send, and has not
	} else if err != nil {
		t.Fatalf("Send: %v", err)
	}
	if n := arrived(); n != 1 {
		t.Errorf("after Send %d have arrived, want 1", n)
	}
	if err := a.Send(t.Context(), draft); !errors.Is(err, driver.ErrGone) && !errors.Is(err, driver.ErrConflict) || arrived() != 1 {
		t.Errorf("a second Send of the same draft: %v, and %d have arrived; want ErrGone or ErrConflict, and 1", err, arrived())
	}
	answers(answerMark, 0, 1)
}
