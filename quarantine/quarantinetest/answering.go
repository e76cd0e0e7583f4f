package quarantinetest

import (
	"errors"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

const (
	answerSubject = "Your report"
	answerText    = "Click here." // shown by labs
)

// answersReceived returns how many messages with the subject of the answer have arrived
// in the user's Inbox: the answer is sent from there to there.
func answersReceived(t *testing.T, lab Lab) (n int) {
	for _, m := range lab.Messages(t, lab.User()) {
		if m.Subject == answerSubject && m.Folder == "" {
			n++
			if m.Text != answerText {
				t.Errorf("the answer arrived with the text %q, want %q", m.Text, answerText)
			}
		}
	}
	return n
}

func answerMIME(lab Lab) []byte {
	return []byte("From: <" + lab.User() + ">\r\nTo: <" + lab.User() + ">\r\nSubject: " + answerSubject + "\r\nMessage-ID: <answer@" + domain(lab) +
		">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + answerText + "\r\n")
}

// answerSentOnce drafts an answer, looks for it by its mark, and sends it; the same draft
// cannot be sent again.
func answerSentOnce(t *testing.T, lab Lab) {
	a, ok := driver.As[driver.Answering](lab.Strategy().Mailbox(lab.User()))
	if !ok {
		return
	}
	mark, before := operation(7), lab.Notices(t)
	look := func(mark, when string, drafts, sent int) driver.Answers {
		t.Helper()
		found, err := a.Answers(t.Context(), mark)
		if err != nil {
			t.Fatalf("Answers %s: %v", when, err)
		}
		for until := time.Now().Add(patience); sent > 0 && len(found.Leaving) > 0 && time.Now().Before(until); {
			time.Sleep(100 * time.Millisecond)
			if found, err = a.Answers(t.Context(), mark); err != nil {
				t.Fatalf("Answers %s: %v", when, err)
			}
		}
		if len(found.Drafts) != drafts || len(found.Sent) != sent || len(found.Leaving) != 0 {
			t.Errorf("Answers %s: %d drafts, %d on their way, %d sent; want %d, 0, %d", when, len(found.Drafts), len(found.Leaving), len(found.Sent), drafts, sent)
		}
		return found
	}
	look(mark, "before a draft", 0, 0)
	if err := a.Draft(t.Context(), mark, answerMIME(lab)); err != nil {
		t.Fatalf("Draft: %v", err)
	}
	found := look(mark, "after Draft", 1, 0)
	look(operation(8), "of another mark", 0, 0)
	if n, notices := answersReceived(t, lab), lab.Notices(t)-before; n != 0 || notices != 0 {
		t.Errorf("Draft has sent %d messages and %d notices", n, notices)
	}
	if len(found.Drafts) == 0 {
		t.FailNow()
	}
	draft := found.Drafts[0]
	if draft.ID == "" || draft.Subject != answerSubject {
		t.Errorf("Answers returned the draft %+v, want the subject %q", draft, answerSubject)
	}
	if err := a.Send(t.Context(), draft); err != nil {
		t.Fatalf("Send: %v", err)
	}
	look(mark, "after Send", 0, 1)
	for until := time.Now().Add(patience / 6); answersReceived(t, lab) == 0 && time.Now().Before(until); {
		time.Sleep(100 * time.Millisecond)
	}
	if err := a.Send(t.Context(), draft); !errors.Is(err, driver.ErrConflict) && !errors.Is(err, driver.ErrGone) {
		t.Errorf("Send of a draft that was sent: %v, want ErrConflict or ErrGone", err)
	}
	look(mark, "after a second Send", 0, 1)
	if n := answersReceived(t, lab); n != 1 {
		t.Errorf("%d answers arrived, want 1", n)
	}
}

// answerOfOldVersion checks that a draft that has changed since it was read is not sent.
func answerOfOldVersion(t *testing.T, lab Lab) {
	box := lab.Strategy().Mailbox(lab.User())
	a, ok := driver.As[driver.Answering](box)
	w, watchable := driver.As[driver.Watchable](box)
	if !ok || !watchable {
		return
	}
	mark := operation(7)
	if err := a.Draft(t.Context(), mark, answerMIME(lab)); err != nil {
		t.Fatalf("Draft: %v", err)
	}
	drafts := func() []driver.Item {
		t.Helper()
		found, err := a.Answers(t.Context(), mark)
		if err != nil || len(found.Drafts) != 1 || len(found.Leaving) != 0 || len(found.Sent) != 0 {
			t.Fatalf("Answers: %+v, %v; want one draft", found, err)
		}
		return found.Drafts
	}
	old := drafts()[0]
	if _, err := w.SetNote(t.Context(), old, "changed"); err != nil {
		t.Fatalf("SetNote of a draft: %v", err)
	}
	if err := a.Send(t.Context(), old); !errors.Is(err, driver.ErrConflict) && !errors.Is(err, driver.ErrGone) {
		t.Errorf("Send of an old version of a draft: %v, want ErrConflict or ErrGone", err)
	}
	now := drafts()[0]
	if n := answersReceived(t, lab); n != 0 {
		t.Errorf("Send of an old version of a draft has sent %d answers", n)
	}
	if err := a.Send(t.Context(), now); err != nil {
		t.Errorf("Send of the draft as it is now: %v", err)
	}
}

// answersOfNobody checks that a mailbox that cannot be searched is not taken for one
// without answers.
func answersOfNobody(t *testing.T, lab Lab) {
	a, ok := driver.As[driver.Answering](lab.Strategy().Mailbox("nobody@" + domain(lab)))
	if !ok {
		return
	}
	if found, err := a.Answers(t.Context(), operation(7)); err == nil {
		t.Errorf("Answers of a mailbox that does not exist: %+v without an error", found)
	}
}
