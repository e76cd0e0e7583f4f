package quarantine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// group is several messages of one mailbox that are worked on concurrently.
type group struct {
	*world
	targets []quarantine.Target
}

func newGroup(t *testing.T, n int, o worldOptions) *group {
	t.Helper()
	o.gather = &gather.Options{InFlight: 1}
	o.server.Latency = 20 * time.Millisecond
	g := &group{world: newWorld(t, o)}
	for i := range n {
		id := fmt.Sprintf("<%d@evil.example>", i)
		g.Mailbox(alice).Deliver(eml(id, "Invoice"))
		g.targets = append(g.targets, quarantine.Target{Mailbox: alice, MessageID: id})
	}
	return g
}

// all does something for all messages concurrently.
func (g *group) all(do func(i int, t quarantine.Target) (*quarantine.Receipt, error)) []*quarantine.Receipt {
	receipts := make([]*quarantine.Receipt, len(g.targets))
	var wg sync.WaitGroup
	for i, target := range g.targets {
		wg.Go(func() {
			r, err := do(i, target)
			if err == nil && r.Err() == nil && r.Outcome().Done() {
				receipts[i] = r
			}
		})
	}
	wg.Wait()
	return receipts
}

// check finds what is lost or duplicated, and what is reported as done but is not.
func (g *group) check(t *testing.T, what string, done []*quarantine.Receipt, withUser, inVault int) {
	t.Helper()
	for i, target := range g.targets {
		u, v := len(g.in(alice, target.MessageID)), len(g.in(vault, target.MessageID))
		switch {
		case u+v == 0:
			t.Errorf("%s: %s is lost", what, target.MessageID)
		case done[i] != nil && (u != withUser || v != inVault):
			t.Errorf("%s: %s is said to be %s, but is at %d and %d", what, target.MessageID, done[i].Outcome(), u, v)
		}
	}
}

// settled asks again, an hour later, until each is where it belongs.
func (g *group) settled(t *testing.T, what string, withUser, inVault int, do func(i int, t quarantine.Target) (*quarantine.Receipt, error)) []*quarantine.Receipt {
	t.Helper()
	var done []*quarantine.Receipt
	for range 4 {
		time.Sleep(time.Hour)
		done = g.all(do)
		g.check(t, what, done, withUser, inVault)
	}
	for i, r := range done {
		assert.NotNil(t, r, "%s: %s never ends", what, g.targets[i].MessageID)
	}
	return done
}

// Messages of one mailbox are taken and put back concurrently, and each request may go
// wrong for all of them: none is lost, none duplicated, and what is reported as done is
// done.
func TestGatheredRandomRuns(t *testing.T) {
	t.Parallel()
	runs := uint64(3)
	if *whole {
		runs = 300
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				o := patient(accesses[seed%uint64(len(accesses))].worldOptions)
				o.server.Seed, o.server.Version = seed, randomVersions[seed/5%uint64(len(randomVersions))]
				g := newGroup(t, 12, o)
				quarantines := func(_ int, target quarantine.Target) (*quarantine.Receipt, error) {
					return g.service.Quarantine(t.Context(), target)
				}
				g.FailRandomly(0.05+0.2*random.Float64(), randomFaults...)
				g.check(t, "quarantine", g.all(quarantines), 0, 1)
				g.FailRandomly(0)
				taken := g.settled(t, "quarantine again", 0, 1, quarantines)
				g.FailRandomly(0.05+0.2*random.Float64(), randomFaults...)
				restores := func(i int, target quarantine.Target) (*quarantine.Receipt, error) {
					if taken[i] == nil {
						return g.service.RestoreMessage(t.Context(), target)
					}
					return g.service.Restore(t.Context(), taken[i])
				}
				g.check(t, "restore", g.all(restores), 1, 0)
				g.FailRandomly(0)
				g.settled(t, "restore again", 1, 0, restores)
				assert.Empty(t, g.Notices())
				for _, target := range g.targets {
					for _, m := range g.in(alice, target.MessageID) {
						assert.False(t, stamped(m))
					}
				}
			})
		})
	}
}

// Answers about fewer, more or other members of a batch than were asked for, or in another
// order, are never trusted.
func TestGatheredAnswersOutOfShape(t *testing.T) {
	t.Parallel()
	ops := []ews.Operation{ews.OpFindItem, ews.OpGetItem, ews.OpUpdateItem, ews.OpMoveItem, ews.OpExportItems, ews.OpUploadItems, ews.OpCreateItem, ews.OpDeleteItem}
	n := 0
	for _, name := range slices.Sorted(maps.Keys(oddBatches)) {
		for _, a := range accesses {
			for _, op := range ops {
				if n++; !*whole && n%89 != 0 {
					continue
				}
				t.Run(strings.Join([]string{name, a.name, string(op)}, " "), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						odd := true
						o := patient(a.worldOptions)
						o.gate = &gate{change: func(asked ews.Operation, _ int, _, answer string) string {
							at := responseMessages.FindStringIndex(answer)
							if !odd || asked != op || at == nil {
								return answer
							}
							messages := responseMessage.FindAllString(answer[at[0]:at[1]], -1)
							return answer[:at[0]] + strings.Join(oddBatches[name](op, messages), "") + answer[at[1]:]
						}}
						g := newGroup(t, 6, o)
						quarantines := func(_ int, target quarantine.Target) (*quarantine.Receipt, error) {
							return g.service.Quarantine(t.Context(), target)
						}
						// One item does not exist, so that not all answers are alike.
						box := g.Mailbox(alice)
						box.MoveMessage(g.in(alice, g.targets[2].MessageID)[0].ID, box.AddFolder(nil, "Elsewhere"))
						g.check(t, "while answers are odd", g.all(quarantines), 0, 1)
						odd = false
						g.settled(t, "in the end", 0, 1, quarantines)
					})
				})
			}
		}
	}
}

// A message that the server refuses, at whatever step, does not affect those in the same
// batch.
func TestGatheredPoison(t *testing.T) {
	t.Parallel()
	const poisoned = "<3@evil.example>"
	for k, a := range accesses {
		for i, op := range []ews.Operation{ews.OpGetItem, ews.OpUpdateItem, ews.OpMoveItem, ews.OpExportItems, ews.OpUploadItems, ews.OpCreateItem, ews.OpDeleteItem} {
			if !*whole && (i+k)%6 != 0 {
				continue
			}
			code := []ews.ResponseCode{"ErrorItemCorrupt", "ErrorAccessDenied", "ErrorCorruptData"}[i%3]
			t.Run(a.name+" "+string(op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := newGroup(t, 12, patient(a.worldOptions))
					f := g.Fail(ewstest.When{Operation: op, MessageID: poisoned}, ewstest.MemberCode(code))
					receipts := g.all(func(_ int, target quarantine.Target) (*quarantine.Receipt, error) {
						return g.service.Quarantine(t.Context(), target)
					})
					for i, r := range receipts {
						if g.targets[i].MessageID != poisoned {
							assert.NotNil(t, r, g.targets[i].MessageID)
						}
					}
					g.check(t, "with a poisoned one", receipts, 0, 1)
					f.Cancel()
					g.settled(t, "without it", 0, 1, func(_ int, target quarantine.Target) (*quarantine.Receipt, error) {
						return g.service.Quarantine(t.Context(), target)
					})
				})
			})
		}
	}
	t.Run("text that cannot be sent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g := newGroup(t, 12, patient(worldOptions{}))
			receipts := g.all(func(i int, target quarantine.Target) (*quarantine.Receipt, error) {
				if i == 3 {
					target.MessageID = "<a\x01b@evil.example>"
				}
				return g.service.Find(t.Context(), target)
			})
			for i, r := range receipts {
				assert.Equal(t, i != 3, r != nil && len(r.Items) == 1, i)
			}
		})
	})
}
