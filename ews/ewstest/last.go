package ewstest

import (
	"maps"
	"sync"
)

// maxLast is the maximum size in bytes of an answer that is kept for
// [EarlierAnswer].
const maxLast = 1 << 20

// lastAnswers holds the last answer of each account.
type lastAnswers struct {
	mu  sync.Mutex
	all map[string]*answer
}

func (l *lastAnswers) keep(account string, a *answer) {
	var size int64
	for _, p := range a.body {
		if size += p.size(); size > maxLast {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = make(map[string]*answer)
	}
	l.all[account] = a
}

// of returns the last answer of an account, or nil if it has none.
func (l *lastAnswers) of(account string) *answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.all[account]
	if a == nil {
		return nil
	}
	b := *a
	b.header, b.bare, b.stream = maps.Clone(a.header), true, nil
	return &b
}
