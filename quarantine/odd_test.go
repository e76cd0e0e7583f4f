package quarantine_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

const oddMessage = "From: Mallory <mallory@evil.example>\r\nTo: alice@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n" +
	"Subject: Invoice\r\nMessage-ID: " + theID + "\r\nX-Mailer: Bulk\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nClick h\xe8re.\r\n" +
	"--b\r\nContent-Type: application/octet-stream; name=\"Invoice.docm\"\r\nContent-Disposition: attachment; filename=\"Invoice.docm\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nAQIDBAUGBwgJ\r\n--b--\r\n"

// there takes the message of a world and puts it back, and returns the way in
// which it was carried.
func (w *world) there(t *testing.T, s *quarantine.Service, d ewstest.Delivery) quarantine.Way {
	t.Helper()
	w.Mailbox(alice).DeliverWith([]byte(oddMessage), d)
	before := w.in(alice, theID)
	require.Len(t, before, 1)
	taken, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing"})
	require.NoError(t, err)
	require.NoError(t, taken.Err())
	require.Equal(t, quarantine.Quarantined, taken.Outcome())
	require.Len(t, taken.Items, 1)
	assert.Empty(t, w.in(alice, theID))
	assert.Len(t, w.in(vault, theID), 1)

	back, err := s.Restore(t.Context(), taken)
	require.NoError(t, err)
	require.NoError(t, back.Err())
	assert.Equal(t, quarantine.Restored, back.Outcome())
	assert.Empty(t, w.in(vault, theID))
	after := w.in(alice, theID)
	require.Len(t, after, 1)
	way := taken.Items[0].Way
	if w.recodes {
		assert.Empty(t, fidelity(before[0], after[0], quarantine.WayMIME), "its MIME is not the same twice")
	} else {
		assert.Empty(t, fidelity(before[0], after[0], way))
	}
	assert.Equal(t, before[0].Folder, after[0].Folder)
	assert.Equal(t, before[0].Flag, after[0].Flag)
	assert.Empty(t, w.Notices())
	return way
}

func marked() ewstest.Delivery {
	return ewstest.Delivery{
		Categories: []string{"Red", "Blue"}, Importance: "High", Received: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		Flag: ews.Flag{
			Status: "Flagged", Start: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Due: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC),
		},
	}
}

// Whatever is odd about a server, the message is taken and put back, by each access and
// each way that the oddity leaves. In part, only one of the two versions is played.
func TestOddServers(t *testing.T) {
	t.Parallel()
	sets := []ewstest.Oddities{ewstest.AllOddities}
	for one := ewstest.Oddities(1); one <= ewstest.AllOddities; one <<= 1 {
		sets = append(sets, one)
	}
	for i, odd := range sets {
		for j, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016} {
			if !*whole && i > 0 && (i+j)%2 == 0 {
				continue
			}
			for _, impersonation := range []bool{false, true} {
				for _, way := range []quarantine.Way{"", quarantine.WayMove, quarantine.WayTransfer, quarantine.WayMIME} {
					best := quarantine.WayMove
					if impersonation || odd.Has(ewstest.OddNoCrossMove) {
						best = quarantine.WayTransfer
					}
					if best == quarantine.WayTransfer && odd.Has(ewstest.OddNoTransfer) {
						best = quarantine.WayMIME
					}
					want := cmp.Or(way, best)
					switch {
					case way == quarantine.WayMove && best != way, way == quarantine.WayTransfer && odd.Has(ewstest.OddNoTransfer):
						continue // not possible
					case way == best:
						continue // the same as without a choice of way
					}
					o := worldOptions{server: ewstest.Options{Version: version, Odd: odd}, impersonation: impersonation}
					name := version.String() + " move"
					if impersonation {
						name = version.String() + " impersonation"
					}
					if way != "" {
						o.ways = []quarantine.Way{way}
					}
					t.Run(name+" "+string(way)+" "+odd.String(), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							w := newWorld(t, o)
							w.recodes = odd.Has(ewstest.OddRecodedText)
							assert.Equal(t, want, w.there(t, w.service, marked()))
						})
					})
				}
			}
		}
	}
}

// A second answer on the connection is not the answer to the next request.
func TestOddTwoAnswers(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		for _, odd := range []ewstest.Oddities{ewstest.OddTwoAnswers, ewstest.OddTwoAnswers | ewstest.AllOddities} {
			t.Run(odd.String(), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, worldOptions{server: ewstest.Options{Odd: odd}})
				w.recodes = odd.Has(ewstest.OddRecodedText)
				client, err := ews.NewClient(w.URL(), &ews.Options{Transport: w.As(w.Transport(), "svc")})
				require.NoError(t, err)
				var s driver.Strategy
				if impersonation {
					s, err = ewsmail.NewImpersonation(client, nil)
				} else {
					s, err = ewsmail.NewFullAccess(client, nil)
				}
				require.NoError(t, err)
				q, err := quarantine.New(s, vault, &quarantine.Options{Wait: 2 * time.Millisecond, SearchLag: 10 * time.Millisecond})
				require.NoError(t, err)
				w.there(t, q, marked())
			})
		}
	}
}

// Flags with one date, or with none, by MIME.
func TestOddFlags(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for name, flag := range map[string]ews.Flag{
		"due date alone": {Status: "Flagged", Due: day}, "start date alone": {Status: "Flagged", Start: day},
		"no dates": {Status: "Flagged"}, "complete": {Status: "Complete", Complete: day}, "none": {},
	} {
		for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016} {
			t.Run(version.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, worldOptions{server: ewstest.Options{Version: version}, ways: []quarantine.Way{quarantine.WayMIME}})
					w.there(t, w.service, ewstest.Delivery{Flag: flag})
				})
			})
		}
	}
}

// A server does not have an operation, and says so in any form: the next way is
// tried immediately.
func TestOperationMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		impersonation bool
		missing       []ews.Operation
		want          quarantine.Way
	}{
		{true, []ews.Operation{ews.OpExportItems}, quarantine.WayMIME},
		{true, []ews.Operation{ews.OpUploadItems}, quarantine.WayMIME},
		{false, []ews.Operation{ews.OpMoveItem}, quarantine.WayTransfer},
		{false, []ews.Operation{ews.OpMoveItem, ews.OpExportItems}, quarantine.WayMIME},
	} {
		for _, fault := range []ewstest.Fault{
			ewstest.OperationUnknown, ewstest.OperationInvalid, ewstest.OperationNotSupported, ewstest.OperationNotImplemented,
			ewstest.MemberCode("ErrorInvalidOperation"), ewstest.Gateway(403),
			ewstest.Gateway(404), ewstest.Gateway(413), ewstest.HTMLPage, ewstest.EmptyBody,
		} {
			if fault == ewstest.HTMLPage || fault == ewstest.EmptyBody {
				if !slices.Contains(tt.missing, ews.OpExportItems) || len(tt.missing) > 1 {
					continue // whether such a write was carried out is unknown
				}
			}
			t.Run(strings.Join([]string{string(tt.missing[0]), string(tt.want), fault.Name}, " "), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, worldOptions{impersonation: tt.impersonation, settings: func(o *quarantine.Options) { o.WriteDoubt = time.Minute }})
					for _, op := range tt.missing {
						w.Fail(ewstest.When{Operation: op}, fault)
					}
					begin := time.Now()
					assert.Equal(t, tt.want, w.there(t, w.service, marked()))
					assert.Less(t, time.Since(begin), 15*time.Second)
				})
			})
		}
	}
}
