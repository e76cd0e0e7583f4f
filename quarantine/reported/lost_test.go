package reported_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestLeaseIsLost: a program that cannot reach the server for longer than the lease loses
// the reports it holds, and cannot acknowledge, release or answer those that another now
// has.
func TestLeaseIsLost(t *testing.T) {
	for _, cut := range []bool{true, false} {
		t.Run(fmt.Sprint("cut ", cut), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{})
				w.report(1)
				alone := w.process()
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				held := make(chan reported.Report)
				go func() {
					defer close(held)
					for report, err := range alone.watcher(&reported.Options{Answer: answers()}).Watch(ctx) {
						if err == nil {
							held <- report
						}
					}
				}()
				first := <-held
				alone.disconnect(true)
				var second reported.Report
				for report, err := range w.process().watcher(nil).Watch(t.Context()) {
					require.NoError(t, err)
					second = report
					break
				}
				assert.Equal(t, first.ID, second.ID)
				alone.disconnect(false)
				if cut {
					time.Sleep(2 * time.Minute) // it renews, and finds out
				}
				assert.ErrorIs(t, first.Release(t.Context()), reported.ErrNotHeld)
				assert.ErrorIs(t, first.Answer(t.Context(), nil), reported.ErrNotHeld)
				assert.ErrorIs(t, first.Acknowledge(t.Context()), reported.ErrNotHeld)
				assert.Empty(t, w.done())
				require.NoError(t, second.Acknowledge(t.Context()))
				assert.Len(t, w.done(), 1)
				assert.Zero(t, w.sent())
			})
		})
	}
}

// TestWaitingReportsAreKept: a position that was saved while reports waited includes them.
func TestWaitingReportsAreKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		kept := new(keptPosition)
		opts := &reported.Options{Positions: kept}
		for i := range 5 {
			w.report(i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		for _, err := range w.process().watcher(opts).Watch(ctx) {
			require.NoError(t, err)
		}
		assert.NotEmpty(t, kept.text)
		w.ResetRequests()
		got, errs := collect(t.Context(), w.process().watcher(opts), 10*time.Minute)
		assert.Len(t, got, 5)
		assert.Empty(t, errs)
	})
}

// TestOrderOfMany: the first of many is the oldest, whatever page it is on.
func TestOrderOfMany(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		now := time.Now()
		w.box.Fill(1200, func(i int) ([]byte, ewstest.Delivery) {
			return fmt.Appendf(nil, "From: bob@example.test\r\nSubject: report %d\r\n\r\n", i), ewstest.Delivery{Received: now.Add(time.Duration(i) * time.Second)}
		})
		n := 0
		for report, err := range w.process().watcher(nil).Watch(t.Context()) {
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("report %d", n), report.Subject)
			if n++; n == 5 {
				break
			}
		}
	})
}

// TestAnswerInTheOutbox: an answer on its way is neither sent again nor reported as sent.
func TestAnswerInTheOutbox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			w.box.DeliverWith([]byte("From: abuse@example.test\r\nTo: bob@example.test\r\nSubject: x\r\n\r\n"), ewstest.Delivery{
				Folder:   w.box.Folder(ews.FolderOutbox),
				Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: driver.NoteSet, Name: driver.AnswerName, Type: ews.TypeString}, Value: report.ID}},
			})
			var undecided *reported.UndecidedError
			assert.ErrorAs(t, report.Answer(t.Context(), nil), &undecided)
			break
		}
		assert.Zero(t, w.sent())
	})
}

// TestAnswerWasSentTwice: answers in Sent Items, however many, are not sent again.
func TestAnswerWasSentTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			for _, folder := range []ews.FolderName{ews.FolderSentItems, ews.FolderSentItems, ews.FolderDrafts} {
				w.box.DeliverWith([]byte("From: abuse@example.test\r\nTo: bob@example.test\r\nSubject: x\r\n\r\n"), ewstest.Delivery{
					Folder:   w.box.Folder(folder),
					Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: driver.NoteSet, Name: driver.AnswerName, Type: ews.TypeString}, Value: report.ID}},
				})
			}
			before := w.sent()
			require.NoError(t, report.Answer(t.Context(), nil))
			require.NoError(t, report.Answer(t.Context(), nil))
			assert.Equal(t, before, w.sent())
			break
		}
	})
}

// TestLateSending: while a request to send can still take effect, it is not repeated.
func TestLateSending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			w.FailNext(ews.OpSendItem, ewstest.Late(10*time.Minute))
			w.ResetRequests()
			for report.Answer(t.Context(), nil) != nil {
				time.Sleep(time.Minute)
			}
			break
		}
		sends := 0
		for _, r := range w.Requests() {
			if r.Operation == ews.OpSendItem {
				sends++
			}
		}
		assert.Equal(t, 1, sends)
		assert.Equal(t, 1, w.sent())
	})
}

// TestAnswerIsRefused: a delegate without the right to send as the mailbox is told
// immediately that nothing was sent, and can answer once it has the right.
func TestAnswerIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		w.GrantFullAccess("svc", abuse)
		watcher, err := reported.New(w.process().mailbox(true), &reported.Options{Answer: answers()})
		require.NoError(t, err)
		for report, err := range watcher.Watch(t.Context()) {
			require.NoError(t, err)
			err = report.Answer(t.Context(), nil)
			assert.ErrorContains(t, err, "send as")
			var undecided *reported.UndecidedError
			assert.False(t, errors.As(err, &undecided), "%v", err)
			w.GrantSendAs("svc", abuse)
			require.NoError(t, report.Answer(t.Context(), nil))
			break
		}
		assert.Equal(t, 1, w.sent())
	})
}

// TestRescanIsInterrupted: a scan of the whole folder that is interrupted, because the
// folder seems to be gone, forgets no waiting report.
func TestRescanIsInterrupted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const reports = 700 // more than fit in an answer
		w := newWorld(t, ewstest.Options{})
		opts := &reported.Options{Positions: new(keptPosition), Pause: 25 * time.Minute, Rescan: 20 * time.Minute}
		for i := range reports {
			w.report(i)
		}
		whole, broken := 0, false
		w.Fail(ewstest.When{Operation: ews.OpSyncFolderItems, Times: 1, Request: func(r *ewstest.Request) bool {
			if !bytes.Contains(r.Body, []byte("SyncState>")) {
				whole++
				return false
			}
			broken = whole == 2
			return broken
		}}, ewstest.MemberCode("ErrorItemNotFound"))
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 32*time.Minute)
		defer cancel()
		told := make(map[string]int)
		var failed []error
		for report, err := range w.process().watcher(opts).Watch(ctx) {
			switch {
			case err != nil:
				failed = append(failed, err)
			case time.Since(began) < 15*time.Minute:
				require.NoError(t, report.Release(ctx))
			default:
				told[report.Subject]++
				require.NoError(t, report.Acknowledge(ctx))
			}
		}
		require.True(t, broken, "the look was not interrupted")
		assert.NotEmpty(t, failed, "it is told")
		assert.Len(t, told, reports)
	})
}

// TestFailedAcknowledgement: a report that could be neither acknowledged nor released is
// handed out again when its lease has run out, even while the loop continues, and so does
// not wait for the program to end.
func TestFailedAcknowledgement(t *testing.T) {
	for name, end := range map[string]func(reported.Report, context.Context) error{
		"acknowledge": reported.Report.Acknowledge,
		"release":     reported.Report.Release,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{})
				w.report(1)
				p := w.process()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var first reported.Report
				for report, err := range p.watcher(&reported.Options{Lease: 3 * time.Minute}).Watch(ctx) {
					switch {
					case err != nil: // it reports that the server cannot be reached
					case first.ID == "":
						first = report
						p.disconnect(true)
						require.Error(t, end(report, t.Context()))
						require.NotErrorIs(t, end(report, t.Context()), reported.ErrNotHeld)
						time.AfterFunc(time.Minute, func() { p.disconnect(false) })
					default:
						assert.Equal(t, first.ID, report.ID)
						assert.ErrorIs(t, first.Acknowledge(t.Context()), reported.ErrNotHeld)
						require.NoError(t, report.Acknowledge(t.Context()))
						cancel()
					}
				}
				assert.Len(t, w.done(), 1)
			})
		})
	}
}
