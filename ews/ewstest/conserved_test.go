package ewstest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Whatever people, policies and a client do to messages, with single item recovery none
// is lost or duplicated, and a new one records what it was copied from. Ids are never
// reused.
func TestObjectsAreConserved(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, ewstest.Options{Seed: seed + 1})
			r := rand.New(rand.NewPCG(seed, 0))
			var delivered []*ewstest.Message
			var places []*ewstest.Folder
			for _, address := range []string{alice, quar} {
				box := c.srv.Mailbox(address)
				places = append(places, box.Folder(ews.FolderInbox), box.Folder(ews.FolderDeletedItems), box.AddFolder(nil, "A", "B"))
				delivered = append(delivered, box.Deliver([]byte(plain)), box.Deliver([]byte(receiptAsked)))
				box.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: box.AddFolder(nil, "A", "B"), Action: ewstest.MoveToDeletedItems, Match: func(*ewstest.Message) bool { return r.IntN(3) == 0 }})
			}
			act := func(p *ewstest.Person) error {
				m, to := pick(r, delivered), pick(r, places)
				var err error
				switch r.IntN(8) {
				case 0:
					_, err = p.Copy(m, to)
				case 1:
					_, err = p.Delete(m)
				case 2:
					_, err = p.ShiftDelete(m)
				case 3, 4:
					_, err = p.Recover(m)
				case 5:
					_, err = p.Edit(m, ewstest.Edit{Body: fmt.Sprint(r.Uint64())})
				default:
					_, err = p.File(m, to)
				}
				return err
			}
			for _, address := range []string{alice, quar} {
				c.srv.Play(ewstest.Step{Chance: 0.9, Who: c.srv.Mailbox(address).Person(""), Do: act},
					ewstest.Step{Chance: 0.9, After: true, Who: c.srv.Mailbox(address).Person(""), Do: act})
			}
			ids := make(map[string]uint64)
			for range 40 {
				m := c.srv.Object(pick(r, delivered).Object)
				c.do(moveXML(`<t:FolderId Id="`+pick(r, places).ID().ID+`"/>`, itemID(m)))
				seen := make(map[uint64]bool)
				for _, box := range c.srv.Mailboxes() {
					for _, m := range box.Messages() {
						require.False(t, seen[m.Object], "twice: %d\n%s", m.Object, c.srv.Story())
						seen[m.Object] = true
						require.Equal(t, m.Object > uint64(len(delivered)), m.CopiedFrom != 0)
						owner, known := ids[m.ID.ID]
						require.True(t, !known || owner == m.Object, "an id changed hands\n%s", c.srv.Story())
						ids[m.ID.ID] = m.Object
					}
				}
				for _, m := range delivered {
					require.True(t, seen[m.Object], "lost: %d\n%s", m.Object, c.srv.Story())
				}
			}
			done := 0
			for _, d := range c.srv.Story() {
				if d.Err == nil {
					done++
				} else {
					require.True(t, errors.Is(d.Err, ewstest.ErrNotThere) || errors.Is(d.Err, ewstest.ErrImpossible))
				}
			}
			assert.Greater(t, done, 30)
		})
	}
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }
