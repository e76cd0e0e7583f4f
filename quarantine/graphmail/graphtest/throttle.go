package graphtest

import (
	"net/http"
	"slices"
	"time"
)

// payer identifies the budget that a request is charged to.
type payer struct{ app, mailbox string }

// spending is what a payer has used up.
type spending struct {
	running  int
	requests []time.Time // within the last 10 minutes
	uploads  []upload    // within the last 5 minutes
	sent     int64       // total bytes of uploads
}

type upload struct {
	at    time.Time
	bytes int64
}

// Windows of the limits.
const (
	requestWindow = 10 * time.Minute
	uploadWindow  = 5 * time.Minute
)

// enter charges a request to its application and mailbox. The windows slide.
func (s *Server) enter(c *call) *refusal {
	if c.box == nil {
		return nil
	}
	limits := s.opts.Throttling
	now, bytes := s.opts.Now(), int64(len(c.in.body))
	by := payer{c.app, c.box.Address}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.spent[by]
	if p == nil {
		p = &spending{}
		s.spent[by] = p
	}
	p.forget(now)
	at := p
	if limits.PerApplication {
		if at = s.spent[payer{app: c.app}]; at == nil {
			at = &spending{}
			s.spent[payer{app: c.app}] = at
		}
	}
	switch {
	case limits.Concurrent > 0 && at.running >= limits.Concurrent:
		return s.throttled("MailboxConcurrency", time.Second)
	case limits.Requests > 0 && len(p.requests) >= limits.Requests:
		return s.throttled("MailboxRequests", p.requests[0].Add(requestWindow).Sub(now))
	case limits.Upload > 0 && bytes > 0 && len(p.uploads) > 0 && p.sent+bytes > limits.Upload:
		return s.throttled("MailboxUpload", p.uploads[0].at.Add(uploadWindow).Sub(now))
	}
	at.running++
	c.running = at
	if limits.Requests > 0 {
		p.requests = append(p.requests, now)
	}
	if bytes > 0 {
		p.uploads = append(p.uploads, upload{now, bytes})
		p.sent += bytes
	}
	return nil
}

func (s *Server) throttled(limit string, wait time.Duration) *refusal {
	r := refuse(http.StatusTooManyRequests, "ApplicationThrottled", "Application is over its "+limit+" limit.")
	if !s.opts.Throttling.NoRetryAfter {
		r.wait = wait
	}
	return r
}

// forget drops what the windows have moved past.
func (p *spending) forget(now time.Time) {
	n := 0
	for n < len(p.requests) && now.Sub(p.requests[n]) >= requestWindow {
		n++
	}
	p.requests = slices.Delete(p.requests, 0, n)
	n = 0
	for n < len(p.uploads) && now.Sub(p.uploads[n].at) >= uploadWindow {
		p.sent -= p.uploads[n].bytes
		n++
	}
	p.uploads = slices.Delete(p.uploads, 0, n)
}

// leave ends a request that was charged.
func (s *Server) leave(c *call) {
	if c.running == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.running.running--
}
