package conversation_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/conversation"
)

func TestThreads(t *testing.T) {
	t.Parallel()
	first := make([]byte, 22)
	first[5] = 7
	index := func(b ...byte) string { return base64.StdEncoding.EncodeToString(append(first[:22:22], b...)) }
	lure, reply := conversation.Read("Invoice", index()), conversation.Read("INVOICE", index(1, 2, 3, 4, 5))
	assert.True(t, lure.Known())
	assert.True(t, lure.Leads(reply))
	assert.False(t, reply.Leads(lure))
	assert.False(t, lure.Leads(lure), "it does not follow itself")
	assert.False(t, lure.Leads(conversation.Read("Other", index(1, 2, 3, 4, 5))))
	assert.False(t, conversation.Read("Invoice", "no base64").Known())
	assert.False(t, conversation.Read("", index()).Known())
	assert.True(t, lure.Equal(conversation.Read("Invoice", index())))
	assert.False(t, lure.Equal(reply))
}

func TestNames(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"<a@b>": true, "<x@y> < a@b >": true, "<a@b": false, "a@b": false, "<xa@b>": false, "": false, "< <a@b>": false,
	} {
		assert.Equal(t, want, conversation.Names(header, "a@b"), "%q", header)
	}
}

func FuzzNames(f *testing.F) {
	f.Add("<x@y> <a@b>", "a@b", "AAAA")
	f.Fuzz(func(t *testing.T, header, bare, index string) {
		conversation.Names(header, bare)
		if th := conversation.Read("t", index); th.Leads(th) {
			t.Errorf("%q follows itself", index)
		}
	})
}
