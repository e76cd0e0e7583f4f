package ews_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var requestVersion = regexp.MustCompile(`RequestServerVersion Version="([^"]*)"`)

func versionOf(body string) string { return requestVersion.FindStringSubmatch(body)[1] }

// speaking answers as a server that refuses versions newer than its own.
func speaking(newest string, refuse func(r *http.Request, body string) (*http.Response, error), accept answerFunc) answerFunc {
	order := "Exchange2010 Exchange2010_SP1 Exchange2010_SP2 Exchange2013 Exchange2013_SP1"
	return func(r *http.Request, body string) (*http.Response, error) {
		if strings.Index(order+" ", versionOf(body)+" ") > strings.Index(order+" ", newest+" ") {
			return refuse(r, body)
		}
		return accept(r, body)
	}
}

func build(major, minor, number int) string {
	return fmt.Sprintf(`<t:ServerVersionInfo MajorVersion="%d" MinorVersion="%d" MajorBuildNumber="%d" MinorBuildNumber="1"/>`, major, minor, number)
}

const deleted = `<m:DeleteItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:DeleteItemResponseMessage>`

func deletion(require bool) ews.DeleteItemRequest {
	return ews.DeleteItemRequest{IDs: []ews.ItemID{{ID: "I"}}, Type: ews.HardDelete, RequireSuppression: require}
}

// TestVersionStepsDown: a request refused because of its version was not
// executed, so a write is sent again, without what the older version lacks.
func TestVersionStepsDown(t *testing.T) {
	t.Parallel()
	for _, code := range []ews.ResponseCode{
		"ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion", "ErrorInvalidSchemaVersionForMailboxVersion",
		"ErrorSchemaValidation", "ErrorInvalidRequest",
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			srv := serve(speaking("Exchange2010_SP2", respond(500, fault(code, "")),
				respond(200, soapOf(build(14, 3, 123), response(ews.OpDeleteItem, deleted)))))
			c := newClient(t, srv, nil).ForMailbox("alice@example.test")
			assert.True(t, c.SuppressesReceipts())
			results, err := c.DeleteItem(t.Context(), deletion(false))
			require.NoError(t, err)
			require.NoError(t, results.Err())
			assert.Equal(t, ews.Exchange2010SP2, c.Version())
			assert.False(t, c.SuppressesReceipts())
			seen := srv.seen()
			require.Len(t, seen, 3)
			assert.Contains(t, seen[0].body, "SuppressReadReceipts")
			assert.NotContains(t, seen[1].body, "SuppressReadReceipts")
			assert.NotContains(t, seen[2].body, "SuppressReadReceipts")
			assert.NotEqual(t, seen[0].header.Get("client-request-id"), seen[1].header.Get("client-request-id"))

			_, err = c.DeleteItem(t.Context(), deletion(false))
			require.NoError(t, err)
			assert.Equal(t, 4, srv.count(), "the version is remembered")
		})
	}
}

func TestVersionRefusedByResponseMessage(t *testing.T) {
	t.Parallel()
	srv := serve(
		ok(ews.OpDeleteItem, refusal(ews.OpDeleteItem, "ErrorInvalidSchemaVersionForMailboxVersion"),
			`<m:DeleteItemResponseMessage ResponseClass="Warning"><m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode></m:DeleteItemResponseMessage>`),
		ok(ews.OpDeleteItem, deleted, deleted),
	)
	req := deletion(false)
	req.IDs = append(req.IDs, ews.ItemID{ID: "J"})
	results, err := newClient(t, srv, nil).DeleteItem(t.Context(), req)
	require.NoError(t, err)
	require.NoError(t, results.Err())
	assert.Equal(t, 2, srv.count())

	srv = serve(ok(ews.OpDeleteItem, deleted, refusal(ews.OpDeleteItem, "ErrorInvalidSchemaVersionForMailboxVersion")))
	results, err = newClient(t, srv, nil).DeleteItem(t.Context(), req)
	require.NoError(t, err)
	assert.ErrorIs(t, results[1].Err, ews.ErrUnsupportedVersion)
	assert.Equal(t, 1, srv.count(), "one of them was deleted, so nothing is sent again")
}

// TestRequireSuppressionOnUnknownServer: the first request to a server is a
// deletion, and the server turns out to be too old to do it quietly.
func TestRequireSuppressionOnUnknownServer(t *testing.T) {
	t.Parallel()
	for _, code := range []ews.ResponseCode{"ErrorInvalidServerVersion", "ErrorSchemaValidation"} {
		srv := serve(speaking("Exchange2013", respond(500, fault(code, "")), func(*http.Request, string) (*http.Response, error) {
			t.Error("the item was deleted")
			return nil, errors.New("deleted")
		}))
		c := newClient(t, srv, nil)
		_, err := c.DeleteItem(t.Context(), deletion(true))
		assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
		assert.True(t, ews.NotExecuted(err))
		assert.ErrorContains(t, err, "RequireSuppression")
		assert.Equal(t, 1, srv.count())
		_, err = c.UpdateItem(t.Context(), ews.UpdateItemRequest{
			Items:              []ews.ItemChange{{ID: ews.ItemID{ID: "I"}, Changes: []ews.Change{ews.DeleteField{Property: stampField}}}},
			RequireSuppression: true,
		})
		assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	}
}

func TestVersionTooOldForOperation(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpGetFolder))
	c := newClient(t, srv, &ews.Options{MaxVersion: ews.Exchange2010})
	_, err := c.ExportItems(t.Context(), []ews.ItemID{{ID: "I"}})
	assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	_, err = c.UploadItems(t.Context(), []ews.UploadItem{{Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte("x"))}})
	assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	assert.True(t, ews.NotSent(err))
	_, err = c.UpdateItem(t.Context(), ews.UpdateItemRequest{Items: []ews.ItemChange{{
		ID: ews.ItemID{ID: "I"}, Changes: []ews.Change{ews.SetField{Property: ews.FieldFlag, Value: "Flagged"}},
	}}})
	assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	assert.Zero(t, srv.count())
}

// TestRealSchemaFault: once a server has answered, a schema fault is about the
// request; before that, the first one is returned.
func TestRealSchemaFault(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpDeleteItem, deleted), respond(500, fault("ErrorSchemaValidation", "")))
	c := newClient(t, srv, nil)
	_, err := c.DeleteItem(t.Context(), deletion(false))
	require.NoError(t, err)
	_, err = c.DeleteItem(t.Context(), deletion(false))
	e, isResponse := errors.AsType[*ews.ResponseError](err)
	require.True(t, isResponse)
	assert.Equal(t, ews.ResponseCode("ErrorSchemaValidation"), e.Code)
	assert.Equal(t, 2, srv.count())
	assert.Equal(t, ews.Exchange2013SP1, c.Version())

	srv = serve(respond(500, fault("ErrorSchemaValidation", "")))
	c = newClient(t, srv, nil)
	_, err = c.DeleteItem(t.Context(), deletion(false))
	assert.NotErrorIs(t, err, ews.ErrUnsupportedVersion)
	assert.Equal(t, 5, srv.count(), "each version once")
	assert.Equal(t, ews.Exchange2013SP1, c.Version(), "nothing was learnt")
}

func TestVersionRefusedAlways(t *testing.T) {
	t.Parallel()
	srv := serve(respond(500, fault("ErrorInvalidServerVersion", "")))
	_, err := newClient(t, srv, nil).DeleteItem(t.Context(), deletion(false))
	assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	assert.Equal(t, 5, srv.count())

	srv = serve(respond(500, "<html>The specified server version is invalid.</html>"))
	_, err = newClient(t, srv, nil).DeleteItem(t.Context(), deletion(false))
	_, isPage := errors.AsType[*ews.HTTPError](err)
	assert.True(t, isPage)
	assert.Equal(t, 5, srv.count())
}

// TestVersionFollowsBuild: the version matches the build the server reports, for
// each mailbox separately and for all views of the mailbox.
func TestVersionFollowsBuild(t *testing.T) {
	t.Parallel()
	answer := respond(200, soapOf(build(15, 0, 516), response(ews.OpDeleteItem, deleted)))
	newer := respond(200, soapOf(build(15, 2, 1544), response(ews.OpDeleteItem, deleted)))
	srv := serve(answer, answer, newer, newer)
	base := newClient(t, srv, nil)
	alice := base.ForMailbox("alice@example.test")
	_, err := alice.DeleteItem(t.Context(), deletion(false))
	require.NoError(t, err)
	assert.Equal(t, ews.Exchange2013, alice.Version())
	assert.Equal(t, ews.Exchange2013, base.Impersonating("Alice@Example.test").Version(), "another view of the mailbox")
	assert.Equal(t, ews.Build{Major: 15, Build: 516, Revision: 1}, alice.Build())
	assert.Equal(t, ews.Exchange2013SP1, base.ForMailbox("bob@example.test").Version(), "another mailbox")
	assert.Zero(t, base.Build())

	_, err = alice.DeleteItem(t.Context(), deletion(false))
	require.NoError(t, err)
	assert.Equal(t, "Exchange2013", versionOf(srv.seen()[1].body))
	_, err = alice.DeleteItem(t.Context(), deletion(false)) // the mailbox was moved to a newer server meanwhile
	require.NoError(t, err)
	assert.Equal(t, ews.Exchange2013SP1, alice.Version())
	assert.True(t, alice.SuppressesReceipts())
}

// TestVersionOfMixedOrganisation: the front end is new and reports that, but the
// mailbox's server is old and refuses the version. The version must not be tried again
// each time.
func TestVersionOfMixedOrganisation(t *testing.T) {
	t.Parallel()
	srv := serve(speaking("Exchange2010_SP2", respond(500, fault("ErrorInvalidSchemaVersionForMailboxVersion", "")),
		respond(200, soapOf(build(15, 2, 1544), response(ews.OpDeleteItem, deleted)))))
	c := newClient(t, srv, nil)
	for range 3 {
		_, err := c.DeleteItem(t.Context(), deletion(false))
		require.NoError(t, err)
	}
	assert.Equal(t, ews.Exchange2010SP2, c.Version())
	assert.Equal(t, 5, srv.count(), "two refusals, three deletions")
}
