package ewstest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestQueryStringBounds checks the limits that doc.go gives for the length of a query.
func TestQueryStringBounds(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.Mailbox(alice).Deliver([]byte(plain))
	words := func(n int, between string) string { return strings.Repeat("pay"+between, n-1) + "pay" }
	nested := func(n int) string { return strings.Repeat("(", n) + "pay" + strings.Repeat(")", n) }
	for name, tt := range map[string]struct{ query, want string }{
		"as many words":        {words(255, " "), "NoError"},
		"one more":             {words(256, " "), "ErrorInvalidOperation"},
		"in a phrase":          {`"` + words(256, " ") + `"`, "ErrorInvalidOperation"},
		"in a phrase that fit": {`"` + words(255, "-") + `"`, "NoError"},
		"in one word":          {words(256, "-"), "ErrorInvalidOperation"},
		"alternatives":         {words(256, " OR "), "ErrorInvalidOperation"},
		"as long":              {strings.Repeat("a", 32<<10), "NoError"},
		"longer":               {strings.Repeat("a", 32<<10+1), "ErrorInvalidOperation"},
		"blanks":               {strings.Repeat(" ", 33<<10) + "pay", "ErrorInvalidOperation"},
		"as deep":              {nested(99), "NoError"},
		"deeper":               {nested(100), "ErrorInvalidOperation"},
		"negations":            {strings.Repeat("-", 100) + "pay", "ErrorInvalidOperation"},
	} {
		assert.Equal(t, []string{tt.want}, codes(c.do(queryXML(tt.query))), name)
	}
}

// TestQueryStringReadsAnItemOnce checks that memory, and with it time, grows with the
// size of the items rather than with that size times the number of words in the query. It
// is not parallel because it counts what the process allocates.
func TestQueryStringReadsAnItemOnce(t *testing.T) {
	c := newCaller(t, ewstest.Options{})
	var body strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&body, "<p>word%d is one</p>\r\n", i)
	}
	c.srv.Mailbox(alice).Deliver([]byte("Subject: long\r\nContent-Type: text/html\r\n\r\n" + body.String()))
	allocated := func(query string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		assert.Equal(t, []string{"NoError"}, codes(c.do(queryXML(query))))
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	var all []string
	for i := range 200 {
		all = append(all, fmt.Sprintf("body:word%d", i))
	}
	allocated(all[0])
	one := allocated(all[0])
	assert.Less(t, allocated(strings.Join(all, " ")), 2*one, "one word allocates %d", one)
}
