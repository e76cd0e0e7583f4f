package ews

import (
	"container/list"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"
)

// mailboxState is what a client has learnt about the server behind one mailbox.
// In mixed organisations, mailboxes live on servers of different versions, so
// none of it applies to another mailbox. All views of the mailbox share it.
type mailboxState struct {
	key string

	mu      sync.Mutex
	max     Version // Options.MaxVersion
	ceiling Version // the newest version that was not refused
	build   Build   // of the server that last answered
	refused Build   // the build when the ceiling was lowered
	cookies cookies
}

// version returns the version to speak now.
func (s *mailboxState) version() Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.ceiling
	if b := s.build.Version(); b != 0 {
		v = min(v, b)
	}
	return v
}

func (s *mailboxState) lastBuild() Build {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.build
}

// answered records the server build from an answer. A mailbox that has moved to
// a newer server may use newer versions again.
func (s *mailboxState) answered(b Build) {
	if b.IsZero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ceiling < s.max {
		if s.refused.IsZero() {
			s.refused = b
		} else if b.Version() > s.refused.Version() {
			s.ceiling, s.refused = s.max, Build{}
		}
	}
	s.build = b
}

// stepDown records that v was refused.
func (s *mailboxState) stepDown(v Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v <= s.ceiling {
		s.ceiling = max(v-1, Exchange2010)
		s.refused = s.build
	}
}

// takeCookies keeps the cookies of an answer. A request that could not be read may have
// been too long because of its cookies: they are then dropped, or the mailbox would stay
// shut out. takeCookies reports whether it dropped any, in which case the same request
// may now be readable. See
// https://learn.microsoft.com/en-us/troubleshoot/developer/webapps/iis/iisadmin-service-inetinfo/httpsys-registry-windows.
func (s *mailboxState) takeCookies(status int, h http.Header, now time.Time) (dropped bool) {
	if status == http.StatusBadRequest || status == http.StatusRequestHeaderFieldsTooLarge {
		s.mu.Lock()
		defer s.mu.Unlock()
		dropped = len(s.cookies) > 0
		s.cookies = nil
		return dropped
	}
	if lines := h["Set-Cookie"]; len(lines) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cookies.take(lines, now)
	}
	return false
}

func (s *mailboxState) cookieHeader(path string, secure bool, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cookies.header(path, secure, now)
}

// mailboxStates finds the state of a mailbox. A state lives as long as a view of its
// mailbox, or while it is among the most recently used, so a run over any number of
// mailboxes keeps a bounded number of states.
type mailboxStates struct {
	max Version

	mu     sync.Mutex
	all    map[string]weak.Pointer[mailboxState]
	recent *list.List // of *mailboxState, most recently used first
	places map[string]*list.Element
}

// recentStates is how many states are kept without a view.
const recentStates = 1024

func newMailboxStates(max Version) *mailboxStates {
	return &mailboxStates{
		max:    max,
		all:    make(map[string]weak.Pointer[mailboxState]),
		recent: list.New(),
		places: make(map[string]*list.Element),
	}
}

// of returns the state of a mailbox; addresses are compared ignoring case.
func (ss *mailboxStates) of(mailbox string) *mailboxState {
	key := strings.ToLower(mailbox)
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.all[key].Value()
	if s == nil {
		s = &mailboxState{key: key, max: ss.max, ceiling: ss.max}
		ss.all[key] = weak.Make(s)
		runtime.AddCleanup(s, forget, forgotten{weak.Make(ss), key})
	}
	if e := ss.places[key]; e != nil {
		ss.recent.MoveToFront(e)
		return s
	}
	ss.places[key] = ss.recent.PushFront(s)
	if ss.recent.Len() > recentStates {
		oldest := ss.recent.Remove(ss.recent.Back()).(*mailboxState)
		delete(ss.places, oldest.key)
	}
	return s
}

// apart returns a state that belongs to no mailbox.
func (ss *mailboxStates) apart() *mailboxState { return &mailboxState{max: ss.max, ceiling: ss.max} }

// forgotten identifies a state that is gone. It refers to the states weakly, because they
// hold the recent ones: whatever a cleanup refers to is never collected, and neither is
// anything it holds.
type forgotten struct {
	states weak.Pointer[mailboxStates]
	key    string
}

// forget drops the entry of a state that is gone, unless its client is gone as well.
func forget(f forgotten) {
	ss := f.states.Value()
	if ss == nil {
		return
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.all[f.key].Value() == nil {
		delete(ss.all, f.key)
	}
}
