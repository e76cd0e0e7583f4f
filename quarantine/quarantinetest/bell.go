package quarantinetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// patience is how long a driver may take for something that should happen immediately: a
// driver that polls its mail system gets some time for that.
const patience = time.Minute

// listening is a call of Listen in progress.
type listening struct {
	rings chan struct{} // has a value for each ring, up to a limit
	over  chan error
	stop  context.CancelFunc
}

func listen(t *testing.T, b driver.Belled, folder driver.Folder) *listening {
	ctx, stop := context.WithCancel(t.Context())
	l := &listening{rings: make(chan struct{}, 100), over: make(chan error, 1), stop: stop}
	go func() {
		l.over <- b.Listen(ctx, folder, func() {
			select {
			case l.rings <- struct{}{}:
			default:
			}
		})
	}()
	return l
}

// bellRings checks that a bell rings when it begins to listen and when something arrives,
// that other calls work meanwhile, and that it ends. A bell that reports that it is not
// supported is not tested further.
func bellRings(t *testing.T, lab Lab) {
	box := lab.Strategy().Mailbox(lab.User())
	b, ok := driver.As[driver.Belled](box)
	if !ok {
		return
	}
	inbox, err := box.Home(t.Context(), driver.Folder{})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, b, inbox)
	defer l.stop()
	select {
	case <-l.rings:
	case err := <-l.over:
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Listen returned %v without a ring; want one when it begins to listen, or ErrUnsupported", err)
		}
		return
	case <-time.After(patience / 6):
		t.Fatal("Listen has not rung when it began to listen")
	}
	answered := make(chan error, 1)
	go func() {
		_, err := box.Home(t.Context(), driver.Folder{})
		answered <- err
	}()
	select {
	case err := <-answered:
		if err != nil {
			t.Errorf("Home while Listen goes on: %v", err)
		}
	case <-time.After(patience / 6):
		t.Error("other calls wait while Listen goes on")
		return
	}
	for len(l.rings) > 0 {
		<-l.rings
	}
	lab.Deliver(t, message(theID))
	select {
	case <-l.rings:
	case err := <-l.over:
		t.Fatalf("Listen ended with %v when something came", err)
	case <-time.After(patience):
		t.Error("Listen has not rung when something came")
	}
	l.stop()
	select {
	case <-l.over:
	case <-time.After(patience / 6):
		t.Error("Listen goes on after its context has ended")
	}
}

// bellOfNobody checks that nobody listens to a mailbox that does not exist.
func bellOfNobody(t *testing.T, lab Lab) {
	b, ok := driver.As[driver.Belled](lab.Strategy().Mailbox("nobody@" + domain(lab)))
	if !ok {
		return
	}
	l := listen(t, b, driver.Folder{})
	defer l.stop()
	select {
	case err := <-l.over:
		if err == nil {
			t.Error("Listen to a mailbox that does not exist returned no error")
		}
	case <-time.After(patience / 6):
		t.Error("Listen to a mailbox that does not exist goes on")
	}
}
