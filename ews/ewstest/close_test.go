package ewstest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A closed server no longer answers, over any transport, and nobody acts in it; its state
// is still there.
func TestClosedServersDoNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		policy := ewstest.Policy{Trigger: ewstest.Contents, Folder: box.Folder(ews.FolderDrafts), Action: ewstest.MoveToDeletedItems}
		box.AddPolicy(policy)
		c.srv.Play(ewstest.Step{Who: box.Person(""), Do: func(p *ewstest.Person) error {
			_, err := p.MarkRead(m)
			return err
		}})
		c.srv.FailNext("", ewstest.Late(time.Hour))
		_, _, err := c.try(deleteXML("HardDelete", "", itemID(m)))
		require.Error(t, err)
		told := len(c.srv.Story())

		c.srv.Close()
		c.srv.Close()
		_, _, err = c.try(deleteXML("HardDelete", "", itemID(m)))
		require.ErrorIs(t, err, http.ErrServerClosed)
		policy.Folder = nil
		box.AddPolicy(policy)
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		assert.Len(t, box.Folder(ews.FolderInbox).Messages(), 1)
		assert.Len(t, box.Folder(ews.FolderDrafts).Messages(), 1)
		assert.Len(t, c.srv.Requests(), 1)
		assert.Len(t, c.srv.Story(), told)
	})
}

func TestClosedServersAreSilentWhereMounted(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	outer := httptest.NewServer(srv)
	t.Cleanup(outer.Close)
	status, _ := send(t, srv.As(outer.Client().Transport, "svc"), outer.URL+"/EWS/Exchange.asmx", "", inboxXML(alice))
	assert.Equal(t, 200, status)
	srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, outer.URL+"/EWS/Exchange.asmx", http.NoBody)
	require.NoError(t, err)
	req.SetBasicAuth("svc", "svc-password")
	res, err := outer.Client().Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	assert.Error(t, err)
}
