package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestContainsOfLongTexts looks for a text that matches at each word of a long one and
// fails only at its end.
func TestContainsOfLongTexts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const words = 100_000
	c.srv.Mailbox(alice).Deliver([]byte("Subject: long\r\n\r\n" + "é-e abc " + strings.Repeat("ab ", words)))
	find := func(n int, mode, want string) int {
		contains := `<t:Contains ContainmentMode="` + mode + `" ContainmentComparison="Exact"><t:FieldURI FieldURI="item:Body"/><t:Constant Value="` + want + `"/></t:Contains>`
		answer := c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:Or>`+strings.Repeat(contains, n)+`</t:Or></m:Restriction>`))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		return len(texts(answer, "Subject"))
	}
	half := strings.Repeat("ab ", 10_000)
	assert.Equal(t, 0, find(3, "ExactPhrase", half+"a"))
	assert.Equal(t, 1, find(1, "PrefixOnWords", half+"a"))
	assert.Equal(t, 1, find(1, "ExactPhrase", half+"ab"))
	assert.Equal(t, 0, find(1, "PrefixOnWords", "b "+half))
	assert.Equal(t, 1, find(1, "Substring", "b "+half))
	assert.Equal(t, 1, find(1, "ExactPhrase", "é"))
	assert.Equal(t, 0, find(1, "ExactPhrase", "-e"))
	assert.Equal(t, 0, find(1, "PrefixOnWords", "bc"))
	assert.Equal(t, 1, find(1, "PrefixOnWords", "abc ab"))
}
