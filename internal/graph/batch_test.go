package graph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

type batchBody struct {
	Requests []struct {
		ID, Method, URL string
		DependsOn       []string
	}
}

func requests(t *testing.T, a asked) batchBody {
	t.Helper()
	assert.Equal(t, testRoot+"/v1.0/$batch", a.url)
	var b batchBody
	require.NoError(t, json.Unmarshal([]byte(a.body), &b))
	return b
}

func TestBatchAsksAgainForWhatWasNotRun(t *testing.T) {
	t.Parallel()
	s := script(
		answer(200, `{"responses":[
			{"id":"2","status":424,"body":{"error":{"code":"FailedDependency"}}},
			{"id":"1","status":404,"body":{"error":{"code":"ErrorItemNotFound"}}},
			{"id":"0","status":200,"body":{"id":"root"}}]}`),
		answer(200, `{"responses":[{"id":"2","status":200,"body":{"id":"drafts"}}]}`),
	)
	got, err := mailbox(t, s).Known(t.Context(), []string{"msgfolderroot", "clutter", "drafts"})
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Equal(t, "root", got[0].ID)
	assert.Nil(t, got[1])
	assert.Equal(t, "drafts", got[2].ID)
	first := requests(t, s.asked[0]).Requests
	require.Len(t, first, 3)
	assert.Equal(t, "/users/user-1/mailFolders/msgfolderroot?$select=id%2CdisplayName%2CparentFolderId%2CchildFolderCount%2CtotalItemCount%2CisHidden", first[0].URL)
	assert.Empty(t, first[0].DependsOn)
	assert.Equal(t, []string{first[0].ID}, first[1].DependsOn, "or four would run at once")
	assert.Len(t, requests(t, s.asked[1]).Requests, 1)
}

func TestBatchWaitsForBusyParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script(
			answer(200, `{"responses":[{"id":"0","status":429,"headers":{"Retry-After":"5"},"body":{"error":{"code":"ApplicationThrottled"}}},{"id":"1","status":424}]}`),
			answer(200, `{"responses":[{"id":"0","status":200,"body":{"id":"a"}},{"id":"1","status":200,"body":{"id":"b"}}]}`),
		)
		began := time.Now()
		got, err := mailbox(t, s).Known(t.Context(), []string{"inbox", "drafts"})
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b"}, []string{got[0].ID, got[1].ID})
		assert.Equal(t, 5*time.Second, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) { // it does not wait forever
		busy := answer(200, `{"responses":[{"id":"0","status":503},{"id":"1","status":424}]}`)
		s := script(busy, busy, busy, busy, answer(200, `{"responses":[{"id":"1","status":200,"body":{"id":"b"}}]}`))
		_, err := mailbox(t, s).Known(t.Context(), []string{"inbox", "drafts"})
		e := new(graph.Error)
		require.ErrorAs(t, err, &e)
		assert.Equal(t, http.StatusServiceUnavailable, e.Status)
	})
}

// parking is a limiter that does what it is told about one payer.
type parking struct {
	until time.Time
	told  []time.Duration // by the calls that were throttled
}

func (p *parking) Acquire(context.Context, string) (func(bool, time.Duration), error) {
	time.Sleep(time.Until(p.until))
	return func(throttled bool, backOff time.Duration) {
		if throttled {
			p.told, p.until = append(p.told, backOff), time.Now().Add(backOff)
		}
	}, nil
}

// Whoever shares the limiter waits with the batch, and for as long as Graph has asked.
func TestBatchTellsTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script(
			answer(200, `{"responses":[{"id":"0","status":200,"body":{"id":"a"}},{"id":"1","status":429,"headers":{"Retry-After":"300"},"body":{"error":{"code":"ApplicationThrottled"}}}]}`),
			answer(200, `{"responses":[{"id":"1","status":200,"body":{"id":"b"}}]}`),
		)
		limiter := new(parking)
		began := time.Now()
		got, err := mailbox(t, s, func(o *graph.Options) { o.Limiter = limiter }).Known(t.Context(), []string{"inbox", "drafts"})
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b"}, []string{got[0].ID, got[1].ID})
		assert.Equal(t, []time.Duration{5 * time.Minute}, limiter.told)
		assert.Equal(t, 5*time.Minute, time.Since(began))
	})
}

func TestBatchThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"responses":[]}`, `{"responses":[{"id":"7","status":200,"body":{"id":"x"}}]}`, `{"responses":[{"id":"0","status":200,"body":"text"}]}`, `{}`} {
		s := script(answer(200, body), answer(200, body), answer(200, body))
		_, err := mailbox(t, s).Known(t.Context(), []string{"inbox", "drafts"})
		assert.Error(t, err, body)
	}
}

func TestSearchTogether(t *testing.T) {
	t.Parallel()
	link := testRoot + "/v1.0/users/user-1/mailFolders/b/messages?$skip=1"
	s := script(
		answer(200, `{"responses":[{"id":"0","status":200,"body":{"value":[]}},{"id":"1","status":200,"body":{"value":[{"id":"m1"}],"@odata.nextLink":"`+link+`"}}]}`),
		answer(200, `{"value":[{"id":"m2"}]}`),
	)
	lists, err := mailbox(t, s).Search(t.Context(), []graph.Query{{Folder: "a"}, {Folder: "b"}})
	require.NoError(t, err)
	none, err := all(lists[0])
	require.NoError(t, err)
	assert.Empty(t, none)
	two, err := all(lists[1])
	require.NoError(t, err)
	assert.Len(t, two, 2)
	assert.Equal(t, link, s.asked[1].url)
}

func TestWindows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewWindows()
		began := time.Now()
		var sent []time.Time
		for range 2*graph.Requests + 1 {
			require.NoError(t, b.Spend(t.Context(), "Alice@example.test", 0))
			sent = append(sent, time.Now())
		}
		for i := graph.Requests; i < len(sent); i++ {
			if d := sent[i].Sub(sent[i-graph.Requests]); d < graph.RequestsWindow {
				t.Fatalf("%d requests within %v", graph.Requests+1, d)
			}
		}
		assert.Less(t, time.Since(began), 2*graph.RequestsWindow+2*time.Minute)
		require.NoError(t, b.Spend(t.Context(), "bob@example.test", 0))
	})
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewWindows()
		began := time.Now()
		require.NoError(t, b.Spend(t.Context(), "a", 200_000_000)) // exceeds the allowance, but alone
		assert.Zero(t, time.Since(began))
		require.NoError(t, b.Spend(t.Context(), "a", 0)) // not an upload
		assert.Zero(t, time.Since(began))
		require.NoError(t, b.Spend(t.Context(), "a", 1))
		assert.GreaterOrEqual(t, time.Since(began), graph.UploadWindow)
		b.Add("a", graph.UploadBytes)
		began = time.Now()
		require.NoError(t, b.Spend(t.Context(), "a", 1000))
		assert.GreaterOrEqual(t, time.Since(began), graph.UploadWindow)
	})
}

func TestDetailsOfWhatIsGoneAreNotAskedForAgain(t *testing.T) {
	t.Parallel()
	gone := `{"status":404,"body":{"error":{"code":"ErrorItemNotFound"}},"id":"0"},{"status":424,"id":"1"}`
	s := script(
		answer(200, `{"responses":[`+gone+`,{"status":424,"id":"2"},{"status":424,"id":"3"}]}`),
		answer(200, `{"responses":[{"id":"2","status":200,"body":{"id":"b"}},{"id":"3","status":200,"body":{"value":[{"id":"x","name":"x.pdf"}]}}]}`),
	)
	got, err := mailbox(t, s).Details(t.Context(), []string{"a", "b"}, nil, nil, true)
	require.NoError(t, err)
	require.ErrorIs(t, got[0].Err, graph.ErrGone)
	require.NoError(t, got[1].Err)
	assert.Len(t, got[1].Attachments, 1)
	assert.Len(t, requests(t, s.asked[1]).Requests, 2)

	s = script(answer(200, `{"responses":[`+gone+`]}`))
	_, _, err = mailbox(t, s).Whole(t.Context(), "a", nil, nil)
	require.ErrorIs(t, err, graph.ErrGone)
	assert.Len(t, s.asked, 1)
}
