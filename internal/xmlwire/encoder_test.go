package xmlwire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEncoder(t *testing.T) {
	t.Parallel()
	var e xmlwire.Encoder
	e.Open("m:FindItem")
	e.Attr("Traversal", "Shallow")
	e.Attr("x", "")
	e.Open("empty")
	e.Close()
	e.Leaf("leaf", "a<b>&\"'c")
	e.Leaf("none", "")
	e.Bool("yes", true)
	e.Bool("no", false)
	e.Int("n", -42)
	e.Text("text")
	e.Text("")
	e.Open("big")
	e.Splice()
	e.Close()
	e.Close()
	require.NoError(t, e.Err())
	const before = `<m:FindItem Traversal="Shallow" x=""><empty/><leaf>a&lt;b&gt;&amp;"'c</leaf><none/><yes>true</yes><no>false</no><n>-42</n>text<big>`
	assert.Equal(t, before+`</big></m:FindItem>`, string(e.Bytes()))
	assert.Equal(t, []int{len(before)}, e.Splices())
}

func TestEncoderEscapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, text, attr string }{
		"markup":      {`<>&"'`, `&lt;&gt;&amp;"'`, `&lt;&gt;&amp;&quot;'`},
		"CDATA end":   {`]]>`, `]]&gt;`, `]]&gt;`},
		"white space": {" \t\n\r\n", " \t\n&#xD;\n", " &#x9;&#xA;&#xD;&#xA;"},
		"UTF-8":       {"Grüße 😀\u0085\u2028\uFFFD", "Grüße 😀\u0085\u2028\uFFFD", "Grüße 😀\u0085\u2028\uFFFD"},
		"DEL":         {"\x7F", "\x7F", "\x7F"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e xmlwire.Encoder
			e.Open("a")
			e.Attr("b", tt.in)
			e.Text(tt.in)
			e.Close()
			require.NoError(t, e.Err())
			assert.Equal(t, `<a b="`+tt.attr+`">`+tt.text+`</a>`, string(e.Bytes()))
		})
	}
}

func TestEncoderForbidden(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, reference string }{
		"zero":          {"a\x00b", "a&#x0;b"},
		"control":       {"a\x1Fb", "a&#x1F;b"},
		"no character":  {"a\uFFFEb\uFFFF", "a&#xFFFE;b&#xFFFF;"},
		"malformed":     {"a\xFFb", "a\uFFFDb"},
		"surrogate":     {"a\xED\xA0\x80b", "a\uFFFD\uFFFD\uFFFDb"},
		"cut character": {"a\xC3", "a\uFFFD"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, write := range []func(*xmlwire.Encoder){
				func(e *xmlwire.Encoder) { e.Leaf("a", tt.in) },
				func(e *xmlwire.Encoder) { e.Open("a"); e.Attr("b", tt.in); e.Close() },
			} {
				var e xmlwire.Encoder
				write(&e)
				e.Leaf("c", "fine")
				assert.ErrorIs(t, e.Err(), xmlwire.ErrForbidden)

				e = xmlwire.Encoder{References: true}
				write(&e)
				assert.NoError(t, e.Err())
				assert.Contains(t, string(e.Bytes()), tt.reference)
			}
		})
	}
}

func TestEncoderMisuse(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { new(xmlwire.Encoder).Attr("a", "") })
	assert.Panics(t, func() {
		var e xmlwire.Encoder
		e.Leaf("a", "x")
		e.Attr("b", "")
	})
	assert.Panics(t, func() { new(xmlwire.Encoder).Close() })
}

// roundTrip checks that the decoder reads what the encoder wrote.
func roundTrip(t *testing.T, s string) {
	t.Helper()
	write := func(e *xmlwire.Encoder) string {
		e.Open("r")
		e.Attr("a", s)
		e.Text(s)
		e.Leaf("b", s)
		e.Close()
		return string(e.Bytes())
	}
	check := func(doc string, limits xmlwire.Limits, want string) {
		n, err := dump(strings.NewReader(doc), limits)
		require.NoError(t, err)
		require.Equal(t, []string{quotedAttr("a", want)}, n.attrs)
		require.Equal(t, want, n.text)
		require.Len(t, n.children, 1)
		require.Equal(t, want, n.children[0].text)
	}
	big := xmlwire.Limits{MaxTag: 64 << 20, MaxText: 64 << 20}
	var plain xmlwire.Encoder
	doc := write(&plain)
	if plain.Err() == nil {
		strict := big
		strict.Strict = true
		check(doc, strict, s)
		check(doc, big, s)
	}
	references := xmlwire.Encoder{References: true}
	doc = write(&references)
	require.NoError(t, references.Err())
	// Bytes that are not characters cannot be represented.
	check(doc, big, strings.ToValidUTF8(eachInvalid(s), ""))
	require.True(t, utf8.ValidString(doc))
}

// eachInvalid replaces each byte that is not part of a character.
func eachInvalid(s string) string { return string([]rune(s)) }

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		roundTrip(t, tt.want)
		roundTrip(t, tt.xml)
	}
	roundTrip(t, strings.Repeat("\x00<&\r\n😀", 20_000))
}
