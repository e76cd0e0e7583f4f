package reported_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestKills: two watchers run at the same time, and each is killed over and over, before or
// after one of its requests was carried out, and replaced. No report is lost, handed out
// again after it was acknowledged, or held by two.
func TestKills(t *testing.T) {
	for name, tt := range map[string]struct {
		server ewstest.Options
		graph  *graphtest.Options
		opts   reported.Options
	}{
		"change keys":         {},
		"change keys ignored": {server: ewstest.Options{Odd: ewstest.OddNoChangeKeys}, opts: reported.Options{MarkWait: 2 * time.Second}},
		"marked only":         {opts: reported.Options{MarkOnly: true}},
		"sealed":              {opts: reported.Options{Keys: [][]byte{newKey}, MarkOnly: true}},
		"Exchange 2010":       {server: ewstest.Options{Version: ewstest.Exchange2010SP3}},
		"Graph":               {graph: &graphtest.Options{}},
		"Graph, no If-Match":  {graph: &graphtest.Options{IgnoreIfMatch: true}},
		"Graph, marked only":  {graph: &graphtest.Options{}, opts: reported.Options{MarkOnly: true}},
	} {
		t.Run(name, func(t *testing.T) {
			kills(t, func(t *testing.T) *world {
				if tt.graph != nil {
					return newGraphWorld(t, tt.graph)
				}
				return newWorld(t, tt.server)
			}, tt.opts)
		})
	}
}

func kills(t *testing.T, made func(*testing.T) *world, opts reported.Options) {
	bubble(t, func(t *testing.T) {
		reports, kills := 30, 24
		if *whole {
			reports, kills = 1000, 400
		}
		w := made(t)
		opts.Lease, opts.Interval = 30*time.Second, 20*time.Second
		m := &matrix{world: w, opts: opts, acknowledged: map[string]string{}, held: map[string]*process{}, ids: map[string]string{}}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			for i := range reports {
				w.report(i)
				time.Sleep(time.Duration(i%7) * time.Second)
			}
		})
		for i := range 2 {
			rng := rand.New(rand.NewPCG(uint64(i), 20))
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					p := w.process()
					if n < kills/2 {
						p.left, p.after = rng.IntN(min(4+n, 60)), rng.IntN(2) == 0
					}
					m.work(ctx, p, time.Duration(rng.IntN(400))*time.Millisecond)
				}
			})
		}
		deadline := time.Now().Add(72 * time.Hour)
		for time.Now().Before(deadline) && (m.finished() < reports || m.kills() < kills) {
			time.Sleep(time.Minute)
		}
		cancel()
		group.Wait()
		synctest.Wait()
		assert.Len(t, append(w.done(), w.inbox()...), reports, "lost")
		if !opts.MarkOnly {
			assert.Empty(t, w.inbox())
		}
		assert.Len(t, m.ids, reports)
		assert.Zero(t, m.again, "told again after acknowledgement")
		assert.Zero(t, m.twice, "held by two at once")
		assert.Zero(t, m.renamed, "another id")
		assert.GreaterOrEqual(t, m.killed, kills)
		t.Logf("%d reports, %d kills, %d told more than once before they were acknowledged", reports, m.killed, m.told-reports)
	})
}

// matrix records who holds what.
type matrix struct {
	*world
	opts                                reported.Options
	mu                                  sync.Mutex
	acknowledged                        map[string]string // subjects
	held                                map[string]*process
	ids                                 map[string]string // of each subject
	told, again, twice, renamed, killed int
}

// finished returns how many reports are acknowledged, whether or not anybody knows it.
func (m *matrix) finished() int {
	n := 0
	for _, message := range append(m.box.Folder(ews.FolderInbox).Messages(), m.kept()...) {
		if strings.Contains(message.Properties[noteField].Value, "|done|") {
			n++
		}
	}
	return n
}

func (m *matrix) kills() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.killed
}

// work watches until the process is killed.
func (m *matrix) work(ctx context.Context, p *process, busy time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.killed = func() { // nobody holds what a dead process held
		m.mu.Lock()
		defer m.mu.Unlock()
		m.killed++
		for subject, holder := range m.held {
			if holder == p {
				delete(m.held, subject)
			}
		}
		cancel()
	}
	for report, err := range p.watcher(&m.opts).Watch(ctx) {
		if err != nil {
			continue
		}
		m.gives(p, report)
		time.Sleep(busy)
		if report.Acknowledge(ctx) == nil {
			m.mu.Lock()
			m.acknowledged[report.Subject] = report.ID
			delete(m.held, report.Subject)
			m.mu.Unlock()
		}
	}
}

func (m *matrix) gives(p *process, report reported.Report) {
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if dead {
		return
	}
	m.told++
	if m.acknowledged[report.Subject] != "" {
		m.again++
	}
	if holder := m.held[report.Subject]; holder != nil && holder != p {
		m.twice++
	}
	if id := m.ids[report.Subject]; id != "" && id != report.ID {
		m.renamed++
	}
	m.held[report.Subject], m.ids[report.Subject] = p, report.ID
}
