package main

import (
	"sync"
	"time"
)

// job is an open alert that the process is working on or keeps waiting.
type job struct {
	id        string
	mailboxes []string
	begun     bool            // work on it has begun
	undecided bool            // it is not known where some message is
	tried     map[string]bool // mailboxes that are done in this run, even if with an error
}

func newJob(id string) *job { return &job{id: id, tried: make(map[string]bool)} }

// queue contains the jobs that can be worked on, in order.
type queue struct {
	mu    sync.Mutex
	jobs  []waitingJob
	ready chan struct{} // has a value if there may be a job
}

type waitingJob struct {
	*job
	since time.Time
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

// put adds jobs at the end.
func (q *queue) put(jobs ...*job) {
	if len(jobs) == 0 {
		return
	}
	q.mu.Lock()
	for _, j := range jobs {
		q.jobs = append(q.jobs, waitingJob{j, time.Now()})
	}
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take returns the next job, or nil if stop is closed first.
func (q *queue) take(stop <-chan struct{}) *job {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		q.mu.Lock()
		var next *job
		if len(q.jobs) > 0 {
			next, q.jobs = q.jobs[0].job, q.jobs[1:]
		}
		more := len(q.jobs) > 0
		q.mu.Unlock()
		if more {
			q.signal() // another worker may be asleep
		}
		if next != nil {
			return next
		}
		select {
		case <-q.ready:
		case <-stop:
		}
	}
}

// state returns how many jobs there are, and how long the first has waited.
func (q *queue) state() (n int, oldest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) > 0 {
		oldest = time.Since(q.jobs[0].since)
	}
	return len(q.jobs), oldest
}
