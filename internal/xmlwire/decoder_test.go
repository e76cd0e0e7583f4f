package xmlwire_test

import (
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const typesDecl = ` xmlns:t="` + xmlwire.URITypes + `"`

func open(doc string) *xmlwire.Decoder {
	return xmlwire.NewDecoder(strings.NewReader(doc), xmlwire.Limits{})
}

// root opens a document and moves to its root element.
func root(t *testing.T, doc string) *xmlwire.Decoder {
	t.Helper()
	d := open(doc)
	require.True(t, d.NextChild(0), "error is %v", d.Err())
	return d
}

func TestWalk(t *testing.T) {
	t.Parallel()
	d := root(t, `<?xml version="1.0"?><!-- c --><r><a>1</a> <b><x><y/></x></b><c/>text<d><e>5</e>6</d></r><!-- end -->`)
	assert.Equal(t, "r", d.Local())
	assert.Equal(t, 1, d.Depth())
	var seen []string
	for depth := d.Depth(); d.NextChild(depth); {
		seen = append(seen, d.Local())
		switch d.Local() {
		case "a":
			assert.Equal(t, "1", d.Text())
		case "d":
			for depth := d.Depth(); d.NextChild(depth); {
				assert.Equal(t, "r/d/e", d.Path())
				assert.EqualValues(t, 5, d.Int64())
			}
		}
	}
	assert.Equal(t, []string{"a", "b", "c", "d"}, seen)
	assert.Zero(t, d.Depth())
	assert.False(t, d.NextChild(0))
	assert.NoError(t, d.Finish())
}

// An element left in the middle is skipped, however deep the walk was.
func TestWalkAbandonsInnerLoops(t *testing.T) {
	t.Parallel()
	d := root(t, `<r><a><b><c>x<d/></c><c/></b>y</a><z>9</z></r>`)
	require.True(t, d.NextChild(1)) // a
	require.True(t, d.NextChild(2)) // b
	require.True(t, d.NextChild(3)) // c
	require.True(t, d.NextChild(4)) // d
	require.True(t, d.NextChild(1))
	assert.Equal(t, "z", d.Local())
	assert.Equal(t, "9", d.Text())
	assert.False(t, d.NextChild(4), "no such element is open")
	assert.False(t, d.NextChild(1))
	assert.NoError(t, d.Finish())
}

// An element that has ended has no more text and nothing to skip: its parent's
// content is not touched.
func TestElementThatHasEnded(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*xmlwire.Decoder){
		"text":          func(d *xmlwire.Decoder) { d.Text() },
		"interned text": func(d *xmlwire.Decoder) { d.TextInterned() },
		"skip":          func(d *xmlwire.Decoder) { d.Skip() },
		"append":        func(d *xmlwire.Decoder) { d.AppendText(nil) },
		"children": func(d *xmlwire.Decoder) {
			for depth := d.Depth(); d.NextChild(depth); {
			}
		},
	}
	for name, end := range ends {
		for _, element := range []string{`<a>1</a>`, `<a/>`, `<a><i>1</i></a>`, `<a>1&amp;</a>`} {
			t.Run(name+element, func(t *testing.T) {
				t.Parallel()
				d := root(t, `<r>`+element+`left<b>2</b><c>3</c></r>`)
				require.True(t, d.NextChild(1))
				end(d)
				assert.Equal(t, 1, d.Depth())
				assert.Empty(t, d.Text())
				assert.Empty(t, d.TextInterned())
				assert.Empty(t, d.AppendText(nil))
				d.Skip()
				n, err := d.TextReader(true).Read(make([]byte, 1))
				assert.Zero(t, n)
				assert.EqualError(t, err, "EOF")
				_, ok := d.Attr("x")
				assert.False(t, ok)
				require.True(t, d.NextChild(1))
				assert.Equal(t, "2", d.Text())
				require.True(t, d.NextChild(1))
				assert.Equal(t, "3", d.Text())
				assert.False(t, d.NextChild(1))
				assert.NoError(t, d.Finish())
			})
		}
	}
}

func TestBeforeTheRoot(t *testing.T) {
	t.Parallel()
	d := open(`<r>1</r>`)
	assert.Empty(t, d.Text())
	assert.Empty(t, d.TextInterned())
	d.Skip()
	assert.False(t, d.NextChild(1))
	require.NoError(t, d.Err())
	require.True(t, d.NextChild(0))
	assert.Equal(t, "1", d.Text())
}

func TestSkip(t *testing.T) {
	t.Parallel()
	d := root(t, `<r><a x="1"/><b>t<c><![CDATA[</b>]]></c></b><d>4</d></r>`)
	for range 2 {
		require.True(t, d.NextChild(1))
		d.Skip()
	}
	require.True(t, d.NextChild(1))
	assert.Equal(t, "4", d.Text())
	assert.NoError(t, d.Finish())
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		doc  string
		want xmlwire.Space // of the element x
	}{
		"none":               {`<x/>`, xmlwire.SpaceNone},
		"default":            {`<x xmlns="` + xmlwire.URISOAP + `"/>`, xmlwire.SpaceSOAP},
		"inherited default":  {`<r xmlns='` + xmlwire.URIMessages + `'><x/></r>`, xmlwire.SpaceMessages},
		"default taken back": {`<r xmlns="` + xmlwire.URIMessages + `"><x xmlns=""/></r>`, xmlwire.SpaceNone},
		"prefix":             {`<p:x xmlns:p="` + xmlwire.URIErrors + `"/>`, xmlwire.SpaceErrors},
		"inherited prefix":   {`<r xmlns:p="` + xmlwire.URIAutodiscover + `"><p:x/></r>`, xmlwire.SpaceAutodiscover},
		"prefix redeclared":  {`<r xmlns:p="u"><p:x xmlns:p="` + xmlwire.URITypes + `"/></r>`, xmlwire.SpaceTypes},
		"prefix back again":  {`<r xmlns:p="` + xmlwire.URITypes + `"><p:a xmlns:p="u"/><p:x/></r>`, xmlwire.SpaceTypes},
		"after the default":  {`<r xmlns="u"><a xmlns="` + xmlwire.URITypes + `"><b/></a><x/></r>`, xmlwire.SpaceOther},
		"declared behind":    {`<p:x a="1" xmlns:p="` + xmlwire.URITypes + `"/>`, xmlwire.SpaceTypes},
		"undeclared":         {`<p:x/>`, xmlwire.SpaceOther},
		"sibling's":          {`<r><a xmlns:p="` + xmlwire.URITypes + `"/><p:x/></r>`, xmlwire.SpaceOther},
		"other":              {`<x xmlns="http://example.test"/>`, xmlwire.SpaceOther},
		"xml":                {`<xml:x/>`, xmlwire.SpaceXML},
		"instance":           {`<i:x xmlns:i="` + xmlwire.URIInstance + `"/>`, xmlwire.SpaceInstance},
		"reference in URI":   {`<x xmlns="http://schemas.xmlsoap.org&#x2F;soap&#47;envelope/"/>`, xmlwire.SpaceSOAP},
		"case matters":       {`<x xmlns="` + strings.ToUpper(xmlwire.URITypes) + `"/>`, xmlwire.SpaceOther},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := root(t, tt.doc)
			for d.Local() != "x" {
				require.True(t, d.NextChild(1))
			}
			assert.Equal(t, tt.want, d.Space())
			assert.True(t, d.Is(tt.want, "x"))
			assert.False(t, d.Is(tt.want, "y"))
			assert.False(t, d.Is(tt.want+1, "x"))
			assert.NoError(t, d.Finish())
		})
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"text before":            `x<r/>`,
		"text behind":            `<r/>x`,
		"reference behind":       `<r/>&#32;`,
		"CDATA behind":           `<r/><![CDATA[]]>`,
		"CDATA before":           `<![CDATA[ ]]><r/>`,
		"second root":            `<r/><s/>`,
		"byte order mark inside": "<r/>\xEF\xBB\xBF",
		"document type":          `<!DOCTYPE r><r/>`,
		"entity declaration":     `<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>`,
		"document type inside":   `<r><!DOCTYPE r></r>`,
		"unknown declaration":    `<r><!ELEMENT a></r>`,
		"wrong end":              `<r><a></r></a>`,
		"end of a prefix":        `<r><p:a></q:a></r>`,
		"end in another case":    `<r><a></A></r>`,
		"end without beginning":  `</r>`,
		"end with attribute":     `<r></r x="1">`,
		"no name":                `<r>< a/></r>`,
		"empty name":             `<r><></></r>`,
		"only a colon":           `<:/>`,
		"colon first":            `<:a/>`,
		"colon last":             `<a:/>`,
		"two colons":             `<a:b:c/>`,
		"tag in a tag":           `<a<b></a<b>`,
		"quote in a name":        `<a"b>"/>`,
		"slash in a name":        `<a/ >`,
		"attribute without =":    `<a b/>`,
		"attribute without name": `<a ="1"/>`,
		"attribute unquoted":     `<a b=1/>`,
		"attribute half quoted":  `<a b="1'/>`,
		"two words":              `<a b c="1"/>`,
		"UTF-16":                 "\xFF\xFE<\x00r\x00/\x00>\x00",
	}
	for name, doc := range tests {
		for chunking, chunk := range chunkings {
			t.Run(name+" "+chunking, func(t *testing.T) {
				t.Parallel()
				_, err := dump(chunk(strings.NewReader(doc)), xmlwire.Limits{})
				var e *xmlwire.Error
				require.ErrorAs(t, err, &e)
				if name != "attribute half quoted" {
					assert.ErrorIs(t, err, xmlwire.ErrSyntax)
				}
				assert.NotEmpty(t, e.Detail)
			})
		}
	}
}

func TestWellFormed(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"byte order mark":          "\xEF\xBB\xBF<r/>",
		"mark and declaration":     "\xEF\xBB\xBF<?xml version=\"1.0\"?>\r\n<r/>",
		"white space around":       "\r\n\t <r/>\n\n",
		"processing instructions":  `<?a?><r><?b > ?></r><?c "?>`,
		"comments":                 `<!----><r><!-- <r> ]]> & --><!-->--></r><!---->`,
		"white space in tags":      "<r\n\t a\r\n=\t'1'\n></r\n>",
		"greater-than in a value":  `<r a=">" b='/>'/>`,
		"quotes in values":         `<r a="'" b='"'/>`,
		"no white space between":   `<r a="1"b="2"/>`,
		"prefix that is a keyword": `<xmlnsx a="1"/>`,
	}
	for name, doc := range tests {
		for chunking, chunk := range chunkings {
			t.Run(name+" "+chunking, func(t *testing.T) {
				t.Parallel()
				n, err := dump(chunk(strings.NewReader(doc)), xmlwire.Limits{})
				require.NoError(t, err)
				assert.Empty(t, n.children)
			})
		}
	}
}

func TestErrorSticksAndTells(t *testing.T) {
	t.Parallel()
	d := root(t, `<r><a><b>1</c></a></r>`)
	require.True(t, d.NextChild(1))
	require.True(t, d.NextChild(2))
	assert.Empty(t, d.Text())
	err := d.Err()
	require.ErrorIs(t, err, xmlwire.ErrSyntax)
	assert.EqualError(t, err, `xml at byte 10 in "r/a/b": not well-formed: an end tag of another element`)

	assert.False(t, d.NextChild(0))
	assert.Empty(t, d.Text())
	assert.Empty(t, d.TextInterned())
	assert.False(t, d.Bool())
	assert.Zero(t, d.Int64())
	assert.True(t, d.Time().IsZero())
	_, err2 := d.TextReader(true).Read(make([]byte, 1))
	assert.Equal(t, err, err2)
	assert.Equal(t, err, d.Finish())
	assert.Equal(t, err, d.Err())
}

// Names come from the server; an error does not repeat them in full length.
func TestErrorIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 1000)
	doc := strings.Repeat("<"+long+">", 60) + "</x>"
	_, err := dump(strings.NewReader(doc), xmlwire.Limits{})
	require.ErrorIs(t, err, xmlwire.ErrSyntax)
	assert.Less(t, len(err.Error()), 5000)
}

func TestDecoderWithNamespaceOfTypes(t *testing.T) {
	t.Parallel()
	d := root(t, `<t:r`+typesDecl+`><t:a/></t:r>`)
	require.True(t, d.NextChild(1))
	assert.True(t, d.Is(xmlwire.SpaceTypes, "a"))
}
