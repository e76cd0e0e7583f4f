package passage_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// An item carries a stamp that no key of this installation has sealed. If what looks like a
// copy of it under that attempt is in quarantine, it is not copied again; anything else
// that is there proves nothing.
func TestForeignStampWithACopy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stamp   func(*driver.Stamp) // on the original
		copied  func(*scene, *twobox.Object)
		another bool // another copy is made
		inUse   bool
	}{
		"copied":                     {},
		"copied, and the lease runs": {stamp: func(s *driver.Stamp) { s.Lease = time.Now().Add(20 * time.Minute) }},
		"a lease that is too long":   {stamp: func(s *driver.Stamp) { s.Lease = time.Now().Add(2 * time.Hour) }, another: true},
		"version 1": {
			stamp:   func(s *driver.Stamp) { s.Attempt, s.Print, s.Seal, s.Lease = "", "", "", time.Time{} },
			copied:  func(_ *scene, o *twobox.Object) { o.Stamp.Attempt, o.Stamp.Print, o.Stamp.Seal = "", "", "" },
			another: true,
		},
		"another mailbox":     {stamp: func(s *driver.Stamp) { s.Mailbox = "bob@example.test" }, another: true},
		"the other direction": {stamp: func(s *driver.Stamp) { s.Direction = driver.ToUser }, copied: func(_ *scene, o *twobox.Object) { o.Stamp.Direction = driver.ToUser }, another: true},
		"another attempt":     {copied: func(_ *scene, o *twobox.Object) { o.Stamp.Attempt = driver.NewOperation() }, another: true},
		"put aside":           {copied: func(_ *scene, o *twobox.Object) { o.Stamp.Direction = driver.Surplus }, another: true},
		"another message": {copied: func(s *scene, o *twobox.Object) {
			s.Messages = append(s.Messages, twobox.Message{ID: "<2@evil.example>", Subject: "Lunch"})
			o.Message = len(s.Messages) - 1
		}, another: true},
		"removed": {copied: func(s *scene, o *twobox.Object) {
			o.Folder, s.deep = s.FolderOf(vault, twobox.Recoverable), true
		}, another: true},
		"the name of another item of the run": {inUse: true, another: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				s.sends = driver.ToQuarantine
				s.deliver()
				s.again(t.Context(), driver.ToQuarantine)
				copied := s.In(vault, false)[0]
				time.Sleep(time.Hour)
				foreign := *copied.Stamp
				foreign.Seal = "AAAAAAAAAAAAAAAAAAAAAA"
				theirs := foreign
				copied.Stamp = &theirs
				if tt.copied != nil {
					tt.copied(s, copied)
				}
				if tt.stamp != nil {
					tt.stamp(&foreign)
				}
				original := s.deliver()
				original.Message, original.Stamp = 0, &foreign
				p := s.passage(driver.ToQuarantine, s.seen(t, original))
				p.NameInUse = func(string) bool { return tt.inUse }
				require.NoError(t, p.Run(t.Context()))
				user, taken, _, _ := s.count()
				all := map[bool]int{false: 1, true: 2}[tt.another]
				if name == "put aside" || name == "removed" {
					all-- // the other copy does not count as taken
				}
				assert.Equal(t, []int{0, all}, []int{user, taken})
				assert.Equal(t, tt.another, p.Result().Stamp.Operation != foreign.Operation)
			})
		})
	}
}
