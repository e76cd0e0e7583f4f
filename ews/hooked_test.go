package ews_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// orderly records when it is called, and adds nothing to the context.
type orderly struct {
	name string
	seen *[]string
}

func (h orderly) TraceCallStart(context.Context, ews.CallStart) context.Context {
	*h.seen = append(*h.seen, h.name+" begins")
	return nil
}

func (h orderly) TraceCallEnd(_ context.Context, e ews.CallEnd) {
	*h.seen = append(*h.seen, h.name+" "+string(e.Outcome)+" "+e.Payer)
}

// A further hook is nested inside the one from the options, in all views made from the
// one it was given to, and in no other.
func TestHooked(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test")
	var seen []string
	plain, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Payer: "svc", Hook: orderly{"options", &seen}})
	require.NoError(t, err)
	once := plain.Hooked(orderly{"one", &seen})
	twice := once.Hooked(orderly{"two", &seen})
	for _, tt := range []struct {
		client *ews.Client
		payer  string
		hooks  []string
	}{
		{plain.Impersonating("alice@example.test"), "alice@example.test", []string{"options"}},
		{once.Impersonating("alice@example.test"), "alice@example.test", []string{"options", "one"}},
		{twice.ForMailbox("alice@example.test"), "svc", []string{"options", "one", "two"}},
	} {
		seen = nil
		_, err := tt.client.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{
			ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "alice@example.test"},
		}})
		require.NoError(t, err)
		var want []string
		for _, h := range tt.hooks {
			want = append(want, h+" begins")
		}
		for i := range tt.hooks {
			want = append(want, tt.hooks[len(tt.hooks)-1-i]+" ok "+tt.payer)
		}
		assert.Equal(t, want, seen)
		assert.Equal(t, tt.payer, tt.client.Payer())
	}
}
