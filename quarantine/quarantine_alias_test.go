package quarantine_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// aliases are further addresses of mailboxes, on a server that treats them like the
// primary ones. Exchange does not.
type aliases struct {
	http.RoundTripper
	of map[string]string
}

func (a aliases) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for alias, address := range a.of {
		body = bytes.ReplaceAll(body, []byte(">"+alias+"<"), []byte(">"+address+"<"))
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return a.RoundTripper.RoundTrip(r)
}

// A target that names the quarantine mailbox by another address takes nothing out of it,
// and what is there can still be put back where it came from.
func TestQuarantineByAnotherAddress(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		taken := w.taken(t)
		client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: aliases{w.As(w.Direct(), "svc"), map[string]string{"held@example.test": vault}}, Payer: "svc"})
		require.NoError(t, err)
		var s driver.Strategy
		if s, err = ewsmail.NewFullAccess(client, nil); o.impersonation {
			s, err = ewsmail.NewImpersonation(client, nil)
		}
		require.NoError(t, err)
		service, err := quarantine.New(s, vault, &quarantine.Options{Journal: w.journal})
		require.NoError(t, err)
		r, err := service.Quarantine(t.Context(), quarantine.Target{Mailbox: "held@example.test", MessageID: theID})
		require.NoError(t, err)
		assert.Equal(t, quarantine.Refused, r.Outcome())
		require.ErrorContains(t, r.Err(), "another address of the quarantine mailbox")
		back, err := w.service.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "restored")
	})
}
