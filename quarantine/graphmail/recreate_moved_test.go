package graphmail_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// A message that is moved while it is made with several requests is completed where it is.
// If it is deleted for good or copied meanwhile, it is no copy, and the error says so.
func TestMadeAnewAndMoved(t *testing.T) {
	t.Parallel()
	files := func(p *ewstest.Person, m *ewstest.Message, to *ewstest.Folder) error {
		_, err := p.File(m, to)
		return err
	}
	mime := letter(mixed, part("Content-Type: "+plain, "Hi")+file("large.pdf", 3_300_000)+file("larger.pdf", 3_400_000)+file("small.txt", 100)+"--b--")
	for name, tt := range map[string]struct {
		before graphtest.Operation
		always bool // before each of these requests
		does   func(*ewstest.Person, *ewstest.Message, *ewstest.Folder) error
		says   string
		left   []string // folders
	}{
		"before it is looked at": {before: graphtest.OpGetMessage, does: files, left: []string{"/Elsewhere"}},
		"before a file":          {before: graphtest.OpCreateUploadSession, does: files, left: []string{"/Elsewhere"}},
		"in a file":              {before: graphtest.OpUploadRange, does: files, left: []string{"/Elsewhere"}},
		"before the stamp":       {before: graphtest.OpUpdateMessage, does: files, left: []string{"/Elsewhere"}},
		"again and again":        {before: graphtest.OpCreateUploadSession, always: true, does: files, says: "an incomplete copy was made", left: []string{"/Deleted Items"}},
		"deleted for good": {before: graphtest.OpUploadRange, does: func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
			_, err := p.ShiftDelete(m)
			return err
		}, says: "somebody has moved or removed it", left: nil},
		"copied, and the original moved": {before: graphtest.OpUploadRange, does: func(p *ewstest.Person, m *ewstest.Message, to *ewstest.Folder) error {
			if _, err := p.Copy(m, to); err != nil {
				return err
			}
			_, err := p.File(m, to)
			return err
		}, says: "somebody has moved or removed it", left: []string{"/Elsewhere", "/Elsewhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				s := w.strategy(t, anew)
				c := carriageOf(t, w, s, mime)
				done := false
				w.OnRequest(func(_ int, r *graphtest.Request) {
					box := w.box(vault)
					made := w.in(vault, theID)
					if r.Operation != tt.before || done && !tt.always || len(made) == 0 {
						return
					}
					done = true
					to := box.AddFolder(nil, "Elsewhere")
					if made[0].Folder == "/Elsewhere" {
						to = box.AddFolder(nil, "Elsewhere again")
					}
					assert.NoError(t, tt.does(box.Person("rule"), made[0], to))
				})
				carried, err := s.Carry(t.Context(), c)
				w.OnRequest(nil)
				require.True(t, done)
				var left []string
				for _, m := range w.in(vault, theID) {
					left = append(left, m.Folder)
				}
				assert.Equal(t, tt.left, left)
				require.Len(t, w.in(alice, theID), 1, "the original stays")
				if tt.says != "" {
					require.ErrorContains(t, err, tt.says)
					assert.True(t, driver.Untouched(err))
					assert.NotErrorIs(t, err, driver.ErrGone)
					return
				}
				require.NoError(t, err)
				copied, err := s.Mailbox(vault).Inspect(t.Context(), carried.ItemID)
				require.NoError(t, err)
				require.NotNil(t, copied.Stamp)
				assert.Equal(t, driver.ToQuarantine, copied.Stamp.Direction)
				assert.Len(t, w.in(vault, theID)[0].Attachments, 3)
			})
		})
	}
}
