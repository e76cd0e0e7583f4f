package graphmail_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// ewsProcess returns a process of the same installation over EWS, which may die.
func (s *scene) ewsProcess(t *testing.T) *process {
	t.Helper()
	p, exchange := new(process), s.w.Exchange()
	client, err := ews.NewClient(exchange.DirectURL(), &ews.Options{Transport: through{p, exchange.As(exchange.Direct(), "svc")}, Payer: "svc"})
	require.NoError(t, err)
	over, err := ewsmail.NewFullAccess(client, nil)
	require.NoError(t, err)
	p.Service, err = quarantine.New(over, vault, &quarantine.Options{Journal: s.journal, StampKeys: [][]byte{[]byte(ours)}})
	require.NoError(t, err)
	return p
}

// TestDiesOverOneAPI lets a process die at each request over one API, before and after
// the request has been carried out. Another process continues over the other API, with
// its journal or without. In the end there is one copy, at the end where it was last
// requested.
func TestDiesOverOneAPI(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"EWS", "Graph"} {
		for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			for _, forgets := range []bool{false, true} {
				t.Run(first+"/"+string(direction)+"/"+strconv.FormatBool(forgets), func(t *testing.T) {
					t.Parallel()
					points := 0
					for n, alive := 0, true; alive; n++ {
						if n%5 != 0 && !*whole && n > 3 {
							continue
						}
						for _, after := range []bool{false, true} {
							synctest.Test(t, func(t *testing.T) { alive = diesOver(t, first, direction, n, after, forgets) })
							points++
						}
					}
					t.Logf("%d points", points)
				})
			}
		}
	}
}

// diesOver plays one history, and reports whether the process died.
func diesOver(t *testing.T, first string, direction driver.Direction, n int, after, forgets bool) bool {
	s := newScene(t, faithfully, direction, nil)
	begin, goOn := s.ewsProcess, s.process
	if first == "Graph" {
		begin, goOn = goOn, begin
	}
	p := begin(t)
	p.stands = func(sent int) {
		if sent == n && after {
			p.last.Store(true)
		} else if sent == n {
			p.dead.Store(true)
		}
	}
	_, _ = s.ask(t, p)
	died := p.dead.Load()
	if forgets {
		s.journal = new(quarantine.MemoryJournal)
	} else {
		s.journal.Restart()
	}
	time.Sleep(time.Hour)
	next := goOn(t)
	where := first + " dies at request " + strconv.Itoa(n)
	for r, err := range next.Recover(t.Context()) {
		if assert.NoError(t, err, where) {
			assert.NoError(t, r.Err(), where)
		}
	}
	r, err := s.ask(t, next)
	if assert.NoError(t, err, where) {
		assert.NoError(t, r.Err(), where)
	}
	from, to := s.ends()
	assert.Empty(t, from, where)
	assert.Len(t, to, 1, where)
	assert.Empty(t, s.w.Notices(), where)
	if direction == driver.ToUser && len(to) == 1 {
		assert.Equal(t, s.before.Folder, to[0].Folder, where)
		assert.False(t, stamped(to[0]), where)
		assert.True(t, s.same(to[0]), where)
	}
	return died
}
