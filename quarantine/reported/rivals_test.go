package reported_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestRivals: two watchers work on the same reports while people and the server disturb
// them. Each report is acknowledged once, and never handed out again. It is not lost, and
// nobody takes it from its holder, even if that works on it for longer than a lease.
func TestRivals(t *testing.T) {
	for name, disturb := range map[string]func(r *rivals){
		"nothing": func(*rivals) {},
		"a person files a report, and brings it back": func(r *rivals) {
			m := r.person(func(m *ewstest.Message) (*ewstest.Message, error) { return r.owner.File(m, r.aside) })
			time.Sleep(3 * time.Minute)
			_, err := r.owner.File(m, r.inboxFolder())
			require.NoError(r.t, err)
		},
		"a person deletes a report, and restores it": func(r *rivals) {
			m := r.person(r.owner.Delete)
			time.Sleep(3 * time.Minute)
			_, err := r.owner.File(m, r.inboxFolder())
			require.NoError(r.t, err)
		},
		"a person reads and flags all the time": func(r *rivals) {
			for range 60 {
				for _, m := range r.box.Folder(ews.FolderInbox).Messages() {
					_, _ = r.owner.MarkRead(m)
					_, _ = r.owner.MarkUnread(m)
				}
				time.Sleep(3 * time.Second)
			}
		},
		"the folder of what is done is deleted again and again": func(r *rivals) {
			for range 8 {
				for _, f := range r.box.Folders() {
					if f.Name() == "Done" && f.Count() == 0 {
						f.Delete()
					}
				}
				time.Sleep(20 * time.Second)
			}
		},
		"one is cut off for longer than the lease": func(r *rivals) {
			r.processes[0].disconnect(true)
			time.Sleep(3 * time.Minute)
			r.processes[0].disconnect(false)
		},
		"both are cut off for longer than the lease": func(r *rivals) {
			for _, p := range r.processes {
				p.disconnect(true)
			}
			time.Sleep(3 * time.Minute)
			for _, p := range r.processes {
				p.disconnect(false)
			}
		},
		"the answers to writes are lost": func(r *rivals) { r.faults(2, ewstest.DropAfter, graphtest.DropAfter) },
		"writes take effect late":        func(r *rivals) { r.faults(4, ewstest.Late(40*time.Second), graphtest.Late(40*time.Second)) },
		"what is known expires all the time": func(r *rivals) {
			if r.graph == nil {
				r.Fail(ewstest.When{Operation: ews.OpSyncFolderItems, Probability: 0.4, Times: 20}, ewstest.MemberCode("ErrorInvalidSyncStateData"))
			} else {
				for range 20 {
					r.graph.ForgetDeltas()
					time.Sleep(10 * time.Second)
				}
			}
		},
		"the mailbox moves, and what is known expires": func(r *rivals) {
			r.box.MoveAway(4 * time.Minute)
			if r.graph != nil {
				r.graph.ForgetDeltas()
			} else {
				r.Fail(ewstest.When{Operation: ews.OpSyncFolderItems, Times: 2}, ewstest.MemberCode("ErrorInvalidSyncStateData"))
			}
		},
		"the server is away twice": func(r *rivals) {
			for range 2 {
				for _, p := range r.processes {
					p.disconnect(true)
				}
				time.Sleep(25 * time.Second) // less than the lease
				for _, p := range r.processes {
					p.disconnect(false)
				}
				time.Sleep(time.Minute)
			}
		},
	} {
		for api, made := range map[string]func(*testing.T) *world{
			"EWS":   func(t *testing.T) *world { return newWorld(t, ewstest.Options{}) },
			"Graph": func(t *testing.T) *world { return newGraphWorld(t, nil) },
		} {
			t.Run(api+"/"+name, func(t *testing.T) {
				bubble(t, func(t *testing.T) { newRivals(made(t)).play(disturb) })
			})
		}
	}
}

// rivals are two watchers of a world.
type rivals struct {
	*world
	owner     *ewstest.Person
	aside     *ewstest.Folder
	processes []*process

	mu           sync.Mutex
	acknowledged map[string]int
	again        []string // reports handed out after they were acknowledged
	ids          map[string]string
}

func newRivals(w *world) *rivals {
	return &rivals{
		world: w, owner: w.box.Person("owner"), aside: w.box.AddFolder(nil, "Aside"),
		processes:    []*process{w.process(), w.process()},
		acknowledged: make(map[string]int), ids: make(map[string]string),
	}
}

func (r *rivals) inboxFolder() *ewstest.Folder { return r.box.Folder(ews.FolderInbox) }

// person lets a person do something to a report in the folder.
func (r *rivals) person(does func(*ewstest.Message) (*ewstest.Message, error)) *ewstest.Message {
	all := r.inboxFolder().Messages()
	require.NotEmpty(r.t, all)
	m, err := does(all[0])
	require.NoError(r.t, err)
	return m
}

// faults makes one in oneOf writes fail for ten minutes.
func (r *rivals) faults(oneOf int, overEWS ewstest.Fault, overGraph graphtest.Fault) {
	n := 0
	if r.graph != nil {
		for _, op := range []graphtest.Operation{graphtest.OpUpdateMessage, graphtest.OpMoveMessage} {
			f := r.graph.Fail(graphtest.When{Operation: op, Request: func(*graphtest.Request) bool { n++; return n%oneOf == 0 }}, overGraph)
			time.AfterFunc(10*time.Minute, f.Cancel)
		}
		return
	}
	for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpMoveItem} {
		f := r.Fail(ewstest.When{Operation: op, Request: func(*ewstest.Request) bool { n++; return n%oneOf == 0 }}, overEWS)
		time.AfterFunc(10*time.Minute, f.Cancel)
	}
}

// play delivers reports, lets both work, and disturbs them in the middle.
func (r *rivals) play(disturb func(*rivals)) {
	const reports = 8
	ctx, cancel := context.WithCancel(r.t.Context())
	var group sync.WaitGroup
	for _, p := range r.processes {
		group.Go(func() { r.work(ctx, p) })
	}
	for i := range reports {
		if i == reports/2 {
			time.Sleep(20 * time.Second)
			disturb(r)
		}
		r.report(i)
		time.Sleep(5 * time.Second)
	}
	time.Sleep(40 * time.Minute)
	cancel()
	group.Wait()
	for i := range reports {
		subject := fmt.Sprintf("report %d", i)
		assert.Equal(r.t, 1, r.acknowledged[subject], subject)
	}
	assert.Empty(r.t, r.again, "told again after it was acknowledged")
	assert.Empty(r.t, r.inbox())
	assert.Len(r.t, r.done(), reports)
}

// work acknowledges each report after longer than a lease.
func (r *rivals) work(ctx context.Context, p *process) {
	opts := &reported.Options{Lease: 30 * time.Second, Interval: 20 * time.Second, Rescan: 5 * time.Minute}
	var group sync.WaitGroup
	defer group.Wait()
	for report, err := range p.watcher(opts).Watch(ctx) {
		if err != nil {
			continue
		}
		r.mu.Lock()
		if r.acknowledged[report.Subject] > 0 {
			r.again = append(r.again, report.Subject)
		}
		if id := r.ids[report.Subject]; id != "" {
			assert.Equal(r.t, id, report.ID)
		}
		r.ids[report.Subject] = report.ID
		r.mu.Unlock()
		group.Go(func() {
			time.Sleep(50 * time.Second)
			if report.Acknowledge(ctx) == nil {
				r.mu.Lock()
				r.acknowledged[report.Subject]++
				r.mu.Unlock()
			}
		})
	}
}
