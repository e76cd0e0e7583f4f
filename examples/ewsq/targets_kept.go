package main

import (
	"crypto/sha256"
	"iter"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// targets are the targets of a run. There may be very many, so each takes little more memory
// than its text.
type targets struct {
	chunks [][]target // each of chunkSize, except for the last
	last   target
}

const chunkSize = 1024

// target is one of them.
type target struct {
	mailbox, messageID, reason, reference string
	criteria                              *quarantine.Criteria // nil: none
}

// listOf returns the targets of a slice.
func listOf(all []quarantine.Target) *targets {
	l := &targets{}
	for _, t := range all {
		l.add(t)
	}
	return l
}

func (l *targets) add(t quarantine.Target) {
	// Texts may be parts of longer ones, and many are the same as in the previous target.
	text := func(s, before string) string {
		if s == before {
			return before
		}
		return strings.Clone(s)
	}
	n := target{mailbox: text(t.Mailbox, l.last.mailbox), messageID: text(t.MessageID, l.last.messageID),
		reason: text(t.Reason, l.last.reason), reference: text(t.Reference, l.last.reference)}
	if !t.Criteria.IsZero() {
		n.criteria = &t.Criteria
	}
	l.last = n
	if i := len(l.chunks) - 1; i < 0 || len(l.chunks[i]) == chunkSize {
		l.chunks = append(l.chunks, make([]target, 0, chunkSize))
	}
	i := len(l.chunks) - 1
	l.chunks[i] = append(l.chunks[i], n)
}

// len returns the number of targets; l may be nil.
func (l *targets) len() int {
	if l == nil || len(l.chunks) == 0 {
		return 0
	}
	i := len(l.chunks) - 1
	return i*chunkSize + len(l.chunks[i])
}

// all yields the targets in order.
func (l *targets) all() iter.Seq[quarantine.Target] {
	return func(yield func(quarantine.Target) bool) {
		if l == nil {
			return
		}
		for _, chunk := range l.chunks {
			for _, n := range chunk {
				t := quarantine.Target{Mailbox: n.mailbox, MessageID: n.messageID, Reason: n.reason, Reference: n.reference}
				if n.criteria != nil {
					t.Criteria = *n.criteria
				}
				if !yield(t) {
					return
				}
			}
		}
	}
}

// targetKey is the same for targets that ask for the same messages.
type targetKey [16]byte

func keyOf(t quarantine.Target) targetKey {
	t.Mailbox = strings.ToLower(t.Mailbox)
	if t.MessageID != "" {
		t.MessageID = driver.BareMessageID(t.MessageID)
	}
	return targetKey(hashed(t.Key()))
}

// caseKey is the same for targets that ask for the same messages for the same case. These are
// reported once: see [quarantine.Router.QuarantineAll].
func caseKey(t quarantine.Target) targetKey {
	key := keyOf(t)
	return targetKey(hashed(string(key[:]) + t.Reference))
}

func hashed(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:16]
}
