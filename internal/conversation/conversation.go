// Package conversation tells by what messages say of each other which of them answers or
// forwards which. Both drivers use it, so that they find the same forwards.
package conversation

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// minIndex is the length of the index of the first message of a conversation. Each reply
// has the index of the message that it replies to, plus five bytes.
// See [MS-OXOMSG], section 2.2.1.3.
const minIndex = 22

// Thread is the place of a message in its conversation: PidTagConversationTopic and
// PidTagConversationIndex.
type Thread struct {
	Topic string
	Index []byte
}

// Read returns the place that a topic and an index in base64 tell. An index that cannot be
// read tells nothing.
func Read(topic, index string) Thread {
	b, err := base64.StdEncoding.DecodeString(index)
	if err != nil {
		b = nil
	}
	return Thread{topic, b}
}

// Known reports whether the place is told.
func (t Thread) Known() bool { return t.Topic != "" && len(t.Index) >= minIndex }

// Equal reports whether two places are the same.
func (t Thread) Equal(u Thread) bool { return t.Topic == u.Topic && bytes.Equal(t.Index, u.Index) }

// Leads reports whether a message at a place follows one at this place.
func (t Thread) Leads(to Thread) bool {
	return strings.EqualFold(t.Topic, to.Topic) && len(to.Index) > len(t.Index) && bytes.HasPrefix(to.Index, t.Index)
}

// Names reports whether a header of message ids contains an id, which is given without
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
