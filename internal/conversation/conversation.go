// Package conversation determines which messages answer or forward which, from what the
// messages say about each other. Both drivers use it, so they find the same forwards.
package conversation

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// minIndex is the length of the index of the first message of a conversation. A reply has
// the index of the message it replies to, plus five bytes. See [MS-OXOMSG], section
// 2.2.1.3.
const minIndex = 22

// Thread is the place of a message in its conversation: PidTagConversationTopic and
// PidTagConversationIndex.
type Thread struct {
	Topic string
	Index []byte
}

// Read returns the place given by a topic and an index in base64. An index that cannot be
// read counts as missing.
func Read(topic, index string) Thread {
	b, err := base64.StdEncoding.DecodeString(index)
	if err != nil {
		b = nil
	}
	return Thread{topic, b}
}

// Known reports whether the place is known.
func (t Thread) Known() bool { return t.Topic != "" && len(t.Index) >= minIndex }

// Equal reports whether two places are the same.
func (t Thread) Equal(u Thread) bool { return t.Topic == u.Topic && bytes.Equal(t.Index, u.Index) }

// Leads reports whether a message at the place to follows one at t.
func (t Thread) Leads(to Thread) bool {
	return strings.EqualFold(t.Topic, to.Topic) && len(to.Index) > len(t.Index) && bytes.HasPrefix(to.Index, t.Index)
}

// Names reports whether a header that lists message ids contains an id, given without
// angle brackets.
func Names(header, bare string) bool {
	for header != "" {
		_, rest, ok := strings.Cut(header, "<")
		if !ok {
			break
		}
		id, after, closed := strings.Cut(rest, ">")
		if !closed {
			break
		}
		if strings.TrimSpace(id) == bare {
			return true
		}
		header = after
	}
	return false
}
