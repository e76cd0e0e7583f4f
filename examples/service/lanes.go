package main

import (
	"slices"
	"strings"
	"sync"
)

// lanes ensure that each mailbox is worked on for one alert at a time. Alerts whose
// remaining mailboxes are all being worked on for others are parked: they hold no worker.
// So a mailbox that stalls takes up one worker, however many alerts are about it.
type lanes struct {
	mu      sync.Mutex
	owner   map[string]*job   // by mailbox, in lower case
	waiting map[string][]*job // for a mailbox, in order
	parked  map[*job]bool
}

func newLanes() *lanes {
	return &lanes{owner: make(map[string]*job), waiting: make(map[string][]*job), parked: make(map[*job]bool)}
}

// claim gives a job those of the mailboxes that nobody is working on or, with all, either
// all of the mailboxes or none. If there are none, the job is parked, and a later call of
// release hands it on.
func (l *lanes) claim(j *job, mailboxes []string, all bool) (mine []string, freed []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken []string
	for _, m := range mailboxes {
		if o := l.owner[strings.ToLower(m)]; o == nil || o == j {
			mine = append(mine, m)
		} else {
			taken = append(taken, m)
		}
	}
	if all && len(taken) > 0 {
		for _, m := range mine {
			freed = l.pass(j, m, freed)
		}
		mine = nil
	}
	for _, m := range mine {
		l.owner[strings.ToLower(m)] = j
	}
	for _, m := range taken {
		key := strings.ToLower(m)
		if !slices.Contains(l.waiting[key], j) {
			l.waiting[key] = append(l.waiting[key], j)
		}
	}
	if len(mine) == 0 && len(taken) > 0 {
		l.parked[j] = true
	}
	return mine, freed
}

// release gives mailboxes of a job to the parked jobs that have waited longest for
// them, and returns those, which must be run.
func (l *lanes) release(j *job, mailboxes ...string) (freed []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range mailboxes {
		freed = l.pass(j, m, freed)
	}
	return freed
}

// end is like release, and also takes the job out of the lanes of the mailboxes.
func (l *lanes) end(j *job, mailboxes ...string) (freed []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range mailboxes {
		key := strings.ToLower(m)
		l.setWaiting(key, slices.DeleteFunc(l.waiting[key], func(w *job) bool { return w == j }))
		freed = l.pass(j, m, freed)
	}
	return freed
}

// pass hands a mailbox on. It is called with mu held.
func (l *lanes) pass(j *job, mailbox string, freed []*job) []*job {
	key := strings.ToLower(mailbox)
	if l.owner[key] != j {
		return freed
	}
	delete(l.owner, key)
	// Those that are not parked ask again when they are done with something else.
	i := slices.IndexFunc(l.waiting[key], func(w *job) bool { return l.parked[w] })
	if i < 0 {
		return freed
	}
	next := l.waiting[key][i]
	l.setWaiting(key, slices.Delete(l.waiting[key], i, i+1))
	delete(l.parked, next)
	l.owner[key] = next
	return append(freed, next)
}

func (l *lanes) setWaiting(key string, jobs []*job) {
	if len(jobs) == 0 {
		delete(l.waiting, key)
		return
	}
	l.waiting[key] = jobs
}

// count returns how many jobs are parked.
func (l *lanes) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.parked)
}
