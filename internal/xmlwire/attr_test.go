package xmlwire_test

import (
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAttr(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ xml, want string }{
		"plain":                 {`"abc"`, "abc"},
		"single quotes":         {`'a"c'`, `a"c`},
		"empty":                 {`""`, ""},
		"references":            {`"&lt;1@x&gt;&#x20;&amp;&quot;"`, `<1@x> &"`},
		"tag inside":            {`"<b x='1'>"`, `<b x='1'>`},
		"white space":           {"\"a\tb\nc\r\nd\re\"", "a b c d e"},
		"referenced line ends":  {`"a&#10;b&#13;&#10;c&#9;"`, "a\nb\r\nc\t"},
		"forbidden reference":   {`"a&#x1F;b"`, "a\x1Fb"},
		"forbidden byte":        {"\"a\x1F\x00b\"", "a\x1F\x00b"},
		"no reference":          {`"a&b&nbsp;&"`, "a&b&nbsp;&"},
		"surrogate pair":        {`"&#xD83D;&#xDE00;"`, "😀"},
		"long":                  {`"` + strings.Repeat("x", 100_000) + `"`, strings.Repeat("x", 100_000)},
		"long, with references": {`"` + strings.Repeat("&amp;", 20_000) + `"`, strings.Repeat("&", 20_000)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for chunking, chunk := range chunkings {
				d := xmlwire.NewDecoder(chunk(strings.NewReader(`<r><a x:v="no" v=`+tt.xml+` w="after">t</a><b v="b"/></r>`)), xmlwire.Limits{})
				require.True(t, d.NextChild(0))
				require.True(t, d.NextChild(1))
				for range 2 {
					v, ok := d.Attr("v")
					require.True(t, ok)
					require.Equal(t, tt.want, v, chunking)
				}
				require.Equal(t, tt.want, d.AttrInterned("v"))
				require.Equal(t, "after", d.AttrInterned("w"))
				_, ok := d.Attr("absent")
				require.False(t, ok)
				require.Empty(t, d.AttrInterned("absent"))
				require.Equal(t, []string{"x:v", "v", "w"}, d.AttrNames())
				require.Equal(t, "t", d.Text())
				require.True(t, d.NextChild(1))
				require.Equal(t, "b", d.AttrInterned("v"))
				require.NoError(t, d.Finish())
			}
		})
	}
}

func TestAttrs(t *testing.T) {
	t.Parallel()
	d := root(t, `<r xmlns="u" a="1" i:type="t:x" xmlns:i="`+xmlwire.URIInstance+`" xml:lang="de" q:z="&lt;"/>`)
	var names []xmlwire.AttrName
	var values []string
	for name, value := range d.Attrs() {
		names = append(names, name)
		values = append(values, value)
	}
	assert.Equal(t, []xmlwire.AttrName{
		{Space: xmlwire.SpaceNone, Local: "a"},
		{Space: xmlwire.SpaceInstance, Local: "type"},
		{Space: xmlwire.SpaceXML, Local: "lang"},
		{Space: xmlwire.SpaceOther, Local: "z"},
	}, names)
	assert.Equal(t, []string{"1", "t:x", "de", "<"}, values)
	for range d.Attrs() {
		break
	}
}

// Attributes are absent rather than wrong once the decoder has moved on.
func TestAttrAfterContent(t *testing.T) {
	t.Parallel()
	moves := map[string]func(*xmlwire.Decoder){
		"text":   func(d *xmlwire.Decoder) { d.Text() },
		"skip":   func(d *xmlwire.Decoder) { d.Skip() },
		"stream": func(d *xmlwire.Decoder) { _, _ = d.TextReader(true).Read(make([]byte, 10)) },
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := root(t, `<r><a v="1">`+strings.Repeat("&amp; x", 20_000)+`</a></r>`)
			require.True(t, d.NextChild(1))
			move(d)
			_, ok := d.Attr("v")
			assert.False(t, ok)
			assert.Empty(t, d.AttrNames())
		})
	}
}
