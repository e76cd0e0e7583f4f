package graph_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

func TestListFollowsLinksAsTheyAre(t *testing.T) {
	t.Parallel()
	link := testRoot + "/v1.0/users/user-1/messages?$filter=internetMessageId+eq+%27a%2Bb%27&$skip=10&%24top=10&x=%2f"
	s := script(
		answer(200, `{"value":[{"id":"1"}],"@odata.nextLink":"`+link+`"}`),
		answer(200, `{"value":[],"@odata.nextLink":"`+link+`1"}`), // an empty page is not the last
		answer(200, `{"value":[{"id":"2","@odata.etag":"W/\"CK\""}]}`),
	)
	got, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{}))
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "CK", got[1].Version())
	assert.Equal(t, link, s.asked[1].url)
	assert.Equal(t, testRoot+"/v1.0/users/user-1/messages?$top=100", s.asked[0].url)
}

// Graph has been seen to leave out the link to the next page.
func TestListWithoutItsLink(t *testing.T) {
	t.Parallel()
	full := func(first int) string {
		rows := make([]string, 3)
		for i := range rows {
			rows[i] = fmt.Sprintf(`{"id":"%d"}`, first+i)
		}
		return `{"value":[` + strings.Join(rows, ",") + `]`
	}
	for name, c := range map[string]struct {
		answers []string // a status that is not 200, or a body
		rows    int
		asked   []string // $skip of each request
	}{
		"one page":                 {[]string{full(0) + `}`, `{"value":[]}`}, 3, []string{"", "3"}},
		"more":                     {[]string{full(0) + `}`, full(3) + `}`, `{"value":[{"id":"6"}]}`}, 7, []string{"", "3", "6"}},
		"after a link":             {[]string{full(0) + `,"@odata.nextLink":"` + testRoot + `/v1.0/x?$skip=3"}`, full(3) + `}`, `{"value":[{"id":"6"}]}`}, 7, []string{"", "3", "6"}},
		"with a link again":        {[]string{full(0) + `}`, full(3) + `,"@odata.nextLink":"` + testRoot + `/v1.0/x?$skip=6"}`, `{"value":[]}`}, 6, []string{"", "3", "6"}},
		"a short page":             {[]string{`{"value":[{"id":"1"}]}`}, 1, []string{""}},
		"a server that ignores it": {[]string{full(0) + `}`, full(0) + `}`}, 6, []string{"", "3"}},
		"a server that refuses it": {[]string{full(0) + `}`, "400"}, 3, []string{"", "3"}},
	} {
		s := script()
		for _, text := range c.answers {
			if text == "400" {
				s.answers = append(s.answers, answer(400, `{"error":{"code":"BadRequest"}}`))
			} else {
				s.answers = append(s.answers, answer(200, text))
			}
		}
		got, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{PageSize: 3}))
		require.NoError(t, err, name)
		assert.Len(t, got, c.rows, name)
		var asked []string
		for _, a := range s.asked {
			u, err := url.Parse(a.url)
			require.NoError(t, err)
			asked = append(asked, u.Query().Get("$skip"))
		}
		assert.Equal(t, c.asked, asked, name)
	}

	s := script(answer(200, full(0)+`}`), answer(501, ``))
	_, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{PageSize: 3}))
	assert.Error(t, err, "there may be more")
}

func TestListLeavesNoHost(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"https://evil.example/v1.0/x", "http://graph.example.test/v1.0/x", "https://graph.example.test:8443/x",
		"https://graph.example.test.evil.example/x", "https://graph.example.test@evil.example/", "//evil.example/x", "/v1.0/x", "::",
	} {
		s := script(answer(200, `{"value":[],"@odata.nextLink":"`+link+`"}`), answer(200, `{"value":[]}`))
		_, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{}))
		assert.Error(t, err, link)
		assert.Len(t, s.asked, 1, link)
	}
}

func TestListEndsWherePagesLeadInACircle(t *testing.T) {
	t.Parallel()
	page := answer(200, `{"value":[{"id":"1"}],"@odata.nextLink":"`+testRoot+`/v1.0/again"}`)
	s := script(page, page, page, page)
	_, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{}))
	require.Error(t, err)
	assert.Len(t, s.asked, 2)
}

func TestFilterIsEscaped(t *testing.T) {
	t.Parallel()
	id := `<a+b%c'd&e#f/?ü "x"@evil.example>`
	s := script(answer(200, `{"value":[]}`))
	_, err := all(mailbox(t, s).Messages(t.Context(), graph.Query{
		Folder: "AQ/=+%", Filter: "internetMessageId eq " + graph.Quote(id), Select: []string{"id", "subject"},
		Properties: []graph.Property{{Type: "String", Tag: 0x1A}, {Type: "Integer", Set: "ab", ID: 0x8012}, {Type: "String", Set: "cd", Name: "N'm"}},
	}))
	require.NoError(t, err)
	u, err := url.Parse(s.asked[0].url)
	require.NoError(t, err)
	assert.NotContains(t, u.RawQuery, "+")
	assert.Equal(t, "/v1.0/users/user-1/mailFolders/AQ%2F=+%25/messages", u.EscapedPath())
	q := u.Query()
	assert.Equal(t, `internetMessageId eq '<a+b%c''d&e#f/?ü "x"@evil.example>'`, q.Get("$filter"))
	assert.Equal(t, "id,subject", q.Get("$select"))
	assert.Equal(t, "singleValueExtendedProperties($filter=id eq 'String 0x001A' or id eq 'Integer {ab} Id 0x8012' or id eq 'String {cd} Name N''m')", q.Get("$expand"))
	assert.Contains(t, u.RawQuery, "$filter=")
	assert.Equal(t, "2026-11-24T09:00:00Z", graph.Instant(time.Date(2026, 11, 24, 10, 0, 0, 5, time.FixedZone("", 3600))))
}

func TestIDsThatLeadElsewhereAreNotSent(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", ".", ".."} {
		s := script()
		m := mailbox(t, s)
		_, err := m.Message(t.Context(), id, nil, nil)
		assert.Error(t, err)
		assert.Error(t, m.PermanentDelete(t.Context(), id))
		_, err = m.ExportItem(t.Context(), id, "item")
		assert.Error(t, err)
		assert.Empty(t, s.asked, "%q", id)
	}
}

func TestPropertiesAreReadInAnySpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]graph.Property{
		"Integer 0xe07":          {Type: "Integer", Tag: 0xE07},
		"String 0x001A":          {Type: "String", Tag: 0x1A},
		"string 26":              {Type: "String", Tag: 26},
		"Integer {AB} Id 0x8012": {Type: "Integer", Set: "ab", ID: 0x8012},
		"String {7F2B} Name Quarantine Operation": {Type: "String", Set: "7f2b", Name: "Quarantine Operation"},
	} {
		got, ok := graph.ParseProperty(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "String", "String {x", "String {x} Name", "String {x} Age 1", "String 0xZZ"} {
		_, ok := graph.ParseProperty(text)
		assert.False(t, ok, text)
	}
	var m graph.Message
	value := "x"
	m.Values = []graph.PropertyValue{{ID: "String 0x1a", Value: nil}, {ID: "nonsense", Value: &value}, {ID: "String 0x1a", Value: &value}}
	got, ok := m.Value(graph.Property{Type: "String", Tag: 0x1A})
	assert.True(t, ok)
	assert.Equal(t, "x", got)
}

func TestUserByAnyAddress(t *testing.T) {
	t.Parallel()
	s := script(answer(200, `{"value":[{"id":"other","mail":"x@example.test","proxyAddresses":["smtp:y@example.test"]},
		{"id":"u","mail":"Alice@example.test","proxyAddresses":["SMTP:Alice@example.test","smtp:o'neil@example.test"]}]}`), answer(200, `{"value":[]}`))
	c := newClient(t, s)
	u, err := c.UserOf(t.Context(), "O'Neil@example.test")
	require.NoError(t, err)
	assert.Equal(t, "u", u.ID)
	assert.Equal(t, "Alice@example.test", u.Primary())
	asked, _ := url.Parse(s.asked[0].url)
	assert.Equal(t, "proxyAddresses/any(p:p eq 'smtp:O''Neil@example.test')", asked.Query().Get("$filter"))
	_, err = c.UserOf(t.Context(), "nobody@example.test")
	assert.ErrorIs(t, err, graph.ErrNoMailbox)
	assert.Equal(t, http.MethodGet, s.asked[1].method)
}
