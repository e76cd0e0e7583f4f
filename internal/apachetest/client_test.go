//go:build apache

package apachetest

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
)

// ntlm returns a transport for an account that trusts the roots.
func ntlm(t *testing.T, url string, a account, roots []byte, change func(*auth.NTLMOptions)) *auth.NTLMTransport {
	t.Helper()
	base, err := auth.NewTransport(&auth.TransportOptions{RootCAs: roots})
	require.NoError(t, err)
	cred, err := auth.NewCredential(a.name, a.password)
	require.NoError(t, err)
	o := &auth.NTLMOptions{Transport: base}
	if change != nil {
		change(o)
	}
	rt, err := auth.NTLM(url, cred, o)
	require.NoError(t, err)
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// watcher passes requests on and counts the kinds of answers.
type watcher struct {
	next    http.RoundTripper
	account account

	answered, refused, wrongUser atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (w *watcher) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		w.refused.Add(1)
	case resp.Header.Get("X-Answered-As") != w.account.remoteUser():
		w.wrongUser.Add(1)
	default:
		w.answered.Add(1)
	}
	return resp, nil
}

// client returns an EWS client that sends through rt.
func client(t *testing.T, url string, rt http.RoundTripper) *ews.Client {
	t.Helper()
	c, err := ews.NewClient(url, &ews.Options{Transport: rt})
	require.NoError(t, err)
	return c
}

// subjects returns the subjects in the caller's Inbox, as the server identifies
// the caller. It makes one request.
func subjects(t *testing.T, c *ews.Client) ([]string, error) {
	var all []string
	for item, err := range c.FindItems(t.Context(), ews.FindItemRequest{
		Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}},
		Shape:   ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}},
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, item.Subject)
	}
	return all, nil
}
