package ews_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Where a connection is authenticated rather than a request, the next request
// authenticates on a new one.
func TestConnectionOutOfStepNTLM(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Authentication: []ewstest.Scheme{ewstest.NTLM}})
	t.Cleanup(srv.Close)
	m := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\ny\r\n"))
	credential, err := auth.NewCredential("alice@example.test", "alice-password")
	require.NoError(t, err)
	rt, err := auth.NTLM(srv.URL(), credential, nil)
	require.NoError(t, err)
	c, err := ews.NewClient(srv.URL(), &ews.Options{Transport: rt, ReadAttempts: 1})
	require.NoError(t, err)
	read := func() error {
		items, err := c.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{m.ID}})
		if err == nil {
			err = items.Err()
		}
		return err
	}
	require.NoError(t, read())
	for _, fault := range []ewstest.Fault{ewstest.WrongRequestID, ewstest.TwoAnswers, ewstest.Gateway(400), ewstest.ResponseMessageTwice} {
		srv.FailNext(ews.OpGetItem, fault)
		require.Error(t, read(), fault.Name)
		assert.NoError(t, read(), fault.Name)
	}
}
