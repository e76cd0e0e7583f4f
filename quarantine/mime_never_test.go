package quarantine_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The MIME form of some items, such as S/MIME messages and reports, can never be made. If
// only MIME is left, they stay, and the receipt says why; by any other way, they are
// taken; a search that needs their text is incomplete; and none affects the others.
func TestMIMEThatCannotBeMade(t *testing.T) {
	t.Parallel()
	classes := []string{"IPM.Note.SMIME", "REPORT.IPM.Note.SMIME.NDR", "IPM.Note"}
	asksMIME := func(r *ewstest.Request) bool { return bytes.Contains(r.Body, []byte("IncludeMimeContent>true")) }
	for name, fault := range map[string]ewstest.Fault{
		"ErrorMimeContentConversionFailed": ewstest.MemberCode("ErrorMimeContentConversionFailed"),
		"ErrorContentConversionFailed":     ewstest.MemberCode("ErrorContentConversionFailed"),
		"ErrorUnsupportedMimeConversion":   ewstest.FaultCode("ErrorUnsupportedMimeConversion"),
		"ErrorItemCorrupt":                 ewstest.MemberCode("ErrorItemCorrupt"),
		"ErrorInternalServerError":         ewstest.MemberCode("ErrorInternalServerError"),
		"ErrorVirusDetected":               ewstest.MemberCode("ErrorVirusDetected"),
		"ErrorAccessDenied":                ewstest.MemberCode("ErrorAccessDenied"),
		"a fault of the future":            ewstest.FaultCode("ErrorFromTheFuture"),
		"404":                              ewstest.Gateway(404),
		"no response message":              ewstest.NoResponseMessage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := worldOptions{impersonation: true, ways: []quarantine.Way{quarantine.WayMIME}, settings: func(s *quarantine.Options) { s.CriteriaSearch = true }}
				w := newWorld(t, o)
				bad := map[string]bool{}
				for i, class := range classes {
					m := w.Mailbox(alice).DeliverWith(append(eml(theID, "Invoice"), "See http://evil.example/a\r\n"...), ewstest.Delivery{Class: class})
					bad[m.ID.ID] = i < 2
				}
				w.Fail(ewstest.When{Operation: ews.OpGetItem, Request: asksMIME, Item: func(m *ewstest.Message) bool { return bad[m.ID.ID] }}, fault)
				r := w.taken(t)
				require.Error(t, r.Err())
				require.Len(t, r.Items, 3)
				w.count(t, 2, 1, "by MIME")
				for _, it := range r.Items {
					assert.Equal(t, it.Class == "IPM.Note", it.Outcome == quarantine.Quarantined, "%s: %s", it.Class, it.Outcome)
					assert.Equal(t, it.Class == "IPM.Note", it.Err == nil)
				}
				found, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
					URL: "http://evil.example/a", ReceivedAfter: time.Now().Add(-time.Hour), ReceivedBefore: time.Now().Add(time.Hour),
				}})
				require.NoError(t, err)
				require.Error(t, found.Err(), "two were not looked into")
				assert.Len(t, found.Unsearched, 2)

				time.Sleep(time.Hour)
				o.ways = nil
				w.service = w.newService(t, o)
				require.NoError(t, w.taken(t).Err())
				w.count(t, 0, 3, "by the other way")
			})
		})
	}
}
