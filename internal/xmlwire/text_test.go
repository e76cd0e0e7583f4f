package xmlwire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var texts = map[string]struct{ xml, want string }{
	"empty":                     {"", ""},
	"plain":                     {"abc", "abc"},
	"white space":               {" \t\n ", " \t\n "},
	"UTF-8":                     {"Grüße 日本 😀", "Grüße 日本 😀"},
	"named references":          {"&lt;&gt;&amp;&quot;&apos;", `<>&"'`},
	"numbers":                   {"&#65;&#x42;&#x63;&#x1F600;", "ABc😀"},
	"zeros in front":            {"&#0000065;&#x00000000000000042;", "AB"},
	"line ends":                 {"a\r\nb\rc\nd\r", "a\nb\nc\nd\n"},
	"two line ends":             {"\r\n\r\n\r\r\n", "\n\n\n\n"},
	"carriage return reference": {"a&#xD;\nb&#13;", "a\r\nb\r"},
	"line feed reference":       {"a\r&#10;b", "a\n\nb"},
	"CDATA":                     {"a<![CDATA[<b>&amp;]]]]><![CDATA[>]]>c", "a<b>&amp;]]>c"},
	"empty CDATA":               {"<![CDATA[]]>", ""},
	"brackets in CDATA":         {"<![CDATA[]]]]]]>", "]]]]"},
	"line ends in CDATA":        {"<![CDATA[a\r\nb\r]]>\n", "a\nb\n\n"},
	"line end before CDATA":     {"a\r<![CDATA[\n]]>", "a\n\n"},
	"line end before comment":   {"a\r<!-- -->\nb", "a\n\nb"},
	"line end before child":     {"a\r<i/>\nb", "a\n\nb"},
	"comment":                   {"a<!-- <x> & -->b", "ab"},
	"processing instruction":    {"a<?x y?>b", "ab"},
	"children":                  {"a<i>x</i>b<i/><j>y<k>z</k></j>c", "abc"},
	"child with references":     {`abc<i xmlns="&#120;&#121;" j="&amp;&amp;&amp;"/>def`, "abcdef"},
	"brackets":                  {"a]]b]>", "a]]b]>"},
	"forbidden reference":       {"a&#x1F;b&#0;c&#xFFFE;d", "a\x1Fb\x00c\uFFFEd"},
	"forbidden byte":            {"a\x1Fb\x00c", "a\x1Fb\x00c"},
	"malformed UTF-8":           {"a\xFF\xC3b", "a\xFF\xC3b"},
	"surrogate pair":            {"&#xD83D;&#xDE00;&#55357;&#56832;", "😀😀"},
	"half a pair":               {"a&#xD83D;b&#xDE00;c", "a\uFFFDb\uFFFDc"},
	"half a pair at the end":    {"&#xD83D;", "\uFFFD"},
	"half a pair and reference": {"&#xD83D;&amp;&#xD83D;&#xD83D;&#xDE00;", "\uFFFD&\uFFFD😀"},
	"unknown entity":            {"a&nbsp;b&eacute;", "a&nbsp;b&eacute;"},
	"ampersand alone":           {"a & b && c&", "a & b && c&"},
	"no reference":              {"&; &#; &#x; &#-1; &#xG; &#x110000; &#99999999999; &#X41; &lt", "&; &#; &#x; &#-1; &#xG; &#x110000; &#99999999999; &#X41; &lt"},
	"long nonsense":             {"&" + strings.Repeat("x", 100) + ";", "&" + strings.Repeat("x", 100) + ";"},
}

// readings are the ways to read the text of the current element.
var readings = map[string]func(*xmlwire.Decoder) (string, error){
	"Text":         func(d *xmlwire.Decoder) (string, error) { return d.Text(), d.Err() },
	"TextInterned": func(d *xmlwire.Decoder) (string, error) { return d.TextInterned(), d.Err() },
	"AppendText":   func(d *xmlwire.Decoder) (string, error) { return string(d.AppendText([]byte("+"))[1:]), d.Err() },
	"TextReader": func(d *xmlwire.Decoder) (string, error) {
		b, err := io.ReadAll(d.TextReader(true))
		return string(b), err
	},
	"WriteTo": func(d *xmlwire.Decoder) (string, error) {
		var b strings.Builder
		n, err := d.TextReader(true).WriteTo(&b)
		if err == nil && int(n) != b.Len() {
			err = fmt.Errorf("%d bytes counted, %d written", n, b.Len())
		}
		return b.String(), err
	},
	"NextChildText": func(d *xmlwire.Decoder) (string, error) {
		var b strings.Builder
		for depth := d.Depth(); d.NextChildText(depth, &b); {
		}
		return b.String(), d.Err()
	},
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, tt := range texts {
		for reading, read := range readings {
			t.Run(name+" "+reading, func(t *testing.T) {
				t.Parallel()
				for chunking, chunk := range chunkings {
					d := xmlwire.NewDecoder(chunk(strings.NewReader("<r><a>"+tt.xml+"</a><b>next</b></r>")), xmlwire.Limits{})
					require.True(t, d.NextChild(0))
					require.True(t, d.NextChild(1))
					got, err := read(d)
					require.NoError(t, err, chunking)
					require.Equal(t, tt.want, got, chunking)
					// The rest is undamaged.
					require.True(t, d.NextChild(1), chunking)
					require.Equal(t, "b", d.Local())
					require.Equal(t, "next", d.Text())
					require.NoError(t, d.Finish(), chunking)
				}
			})
		}
	}
}

// A text is read the same wherever the decoder's window ends in it.
func TestTextAcrossTheWindow(t *testing.T) {
	t.Parallel()
	const window = 32 << 10
	for name, tt := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for shift := range len(tt.xml) + 16 {
				pad := strings.Repeat("p", window-4-shift)
				d := root(t, "<a>"+pad+tt.xml+"</a>")
				require.Equal(t, pad+tt.want, d.Text(), "shift %d", shift)
				require.NoError(t, d.Finish())
			}
		})
	}
}

func TestTextInterned(t *testing.T) {
	t.Parallel()
	d := root(t, `<r><a>IPM.Note</a><a>IPM.Note</a><a/><a>&amp;</a></r>`)
	var got []string
	for d.NextChild(1) {
		got = append(got, d.TextInterned())
	}
	assert.Equal(t, []string{"IPM.Note", "IPM.Note", "", "&"}, got)
}

// Strings do not change while the decoder continues.
func TestTextIsKept(t *testing.T) {
	t.Parallel()
	const n = 5000
	var doc strings.Builder
	doc.WriteString("<r>")
	for i := range n {
		fmt.Fprintf(&doc, `<a id="i%d">text &amp; %d %s</a>`, i, i, strings.Repeat("x", i%1500))
	}
	doc.WriteString("</r>")
	d := root(t, doc.String())
	var ids, texts []string
	for d.NextChild(1) {
		id, ok := d.Attr("id")
		require.True(t, ok)
		ids = append(ids, id)
		texts = append(texts, d.Text())
	}
	require.NoError(t, d.Finish())
	require.Len(t, texts, n)
	for i := range n {
		require.Equal(t, fmt.Sprintf("i%d", i), ids[i])
		require.Equal(t, fmt.Sprintf("text & %d %s", i, strings.Repeat("x", i%1500)), texts[i])
	}
}

func TestNextChildText(t *testing.T) {
	t.Parallel()
	d := root(t, `<r>a&amp;<x>skipped<y/></x>b<![CDATA[c]]><x/><!-- -->d</r>`)
	var parts []string
	for {
		var text strings.Builder
		more := d.NextChildText(1, &text)
		parts = append(parts, text.String())
		if !more {
			break
		}
		assert.Equal(t, "x", d.Local())
	}
	assert.Equal(t, []string{"a&", "bc", "d"}, parts)
	assert.NoError(t, d.Finish())

	var text strings.Builder
	assert.False(t, d.NextChildText(1, &text))
	d = open(` <r/>`)
	assert.True(t, d.NextChildText(0, &text))
	assert.False(t, d.NextChildText(0, &text))
	assert.NoError(t, d.Err())
}
