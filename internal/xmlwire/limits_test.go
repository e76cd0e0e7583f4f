package xmlwire_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	attributes := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tests := map[string]struct {
		limits xmlwire.Limits
		within string
		beyond string
	}{
		"depth":            {xmlwire.Limits{MaxDepth: 10}, nested(10), nested(11)},
		"default depth":    {xmlwire.Limits{}, nested(64), nested(65)},
		"elements":         {xmlwire.Limits{MaxElements: 4}, "<r><a/><a/><a/></r>", "<r><a/><a/><a/><a/></r>"},
		"tag":              {xmlwire.Limits{MaxTag: 1000}, `<r a="` + strings.Repeat("x", 900) + `"/>`, `<r a="` + strings.Repeat("x", 1000) + `"/>`},
		"default tag":      {xmlwire.Limits{}, `<r a="` + strings.Repeat("x", 250_000) + `"/>`, `<r a="` + strings.Repeat("x", 300_000) + `"/>`},
		"endless tag":      {xmlwire.Limits{}, `<r/>`, `<r ` + strings.Repeat("x", 300_000)},
		"endless value":    {xmlwire.Limits{}, `<r/>`, `<r a="` + strings.Repeat(">", 300_000)},
		"endless end tag":  {xmlwire.Limits{}, `<r></r` + strings.Repeat(" ", 250_000) + ">", `<r></r` + strings.Repeat(" ", 300_000)},
		"text":             {xmlwire.Limits{MaxText: 1000}, "<r>" + strings.Repeat("x", 1000) + "</r>", "<r>" + strings.Repeat("x", 1001) + "</r>"},
		"text in pieces":   {xmlwire.Limits{MaxText: 1000}, "<r>" + strings.Repeat("x<i/>", 1000) + "</r>", "<r>" + strings.Repeat("x<i/>", 1001) + "</r>"},
		"long references":  {xmlwire.Limits{MaxText: 1000}, "<r>" + strings.Repeat("&amp;", 1000) + "</r>", "<r>" + strings.Repeat("&amp;", 1001) + "</r>"},
		"text in CDATA":    {xmlwire.Limits{MaxText: 1000}, "<r><![CDATA[" + strings.Repeat("x", 1000) + "]]></r>", "<r><![CDATA[" + strings.Repeat("x", 1001) + "]]></r>"},
		"attributes":       {xmlwire.Limits{}, "<r" + attributes(256, ` a%d=""`) + "/>", "<r" + attributes(257, ` a%d=""`) + "/>"},
		"declarations":     {xmlwire.Limits{}, "<r" + attributes(256, ` xmlns:a%d=""`) + "/>", "<r" + attributes(257, ` xmlns:a%d=""`) + "/>"},
		"declarations all": {xmlwire.Limits{MaxDepth: 300}, attributes(256, `<a xmlns="%d">`) + strings.Repeat("</a>", 256), attributes(257, `<a xmlns="%d">`) + strings.Repeat("</a>", 257)},
	}
	for name, tt := range tests {
		for chunking, chunk := range chunkings {
			if chunking == "byte by byte" && strings.Contains(name, "default") {
				continue
			}
			t.Run(name+" "+chunking, func(t *testing.T) {
				t.Parallel()
				read := func(doc string) error {
					d := xmlwire.NewDecoder(chunk(strings.NewReader(doc)), tt.limits)
					if d.NextChild(0) && strings.Contains(name, "text") || strings.Contains(name, "references") {
						_ = d.Text()
					}
					return d.Finish()
				}
				assert.NoError(t, read(tt.within))
				err := read(tt.beyond)
				assert.ErrorIs(t, err, xmlwire.ErrLimit)
				_, err = dump(chunk(strings.NewReader(tt.beyond)), tt.limits)
				assert.ErrorIs(t, err, xmlwire.ErrLimit)
			})
		}
	}
}

// A text that is skipped or read as a stream may have any size, and so may
// comments and processing instructions.
func TestNoLimitWhereNothingIsKept(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789", 100_000)
	d := xmlwire.NewDecoder(strings.NewReader("<!--"+big+"--><?p "+big+"?><r><a>"+big+"</a><b>"+big+"</b><c><![CDATA["+big+"]]></c><d>1</d></r>"), xmlwire.Limits{MaxText: 1000, MaxTag: 1000})
	require.True(t, d.NextChild(0))
	require.True(t, d.NextChild(1))
	require.True(t, d.NextChild(1))
	n, err := io.Copy(io.Discard, d.TextReader(true))
	require.NoError(t, err)
	assert.EqualValues(t, len(big), n)
	require.True(t, d.NextChild(1))
	require.True(t, d.NextChild(1))
	assert.Equal(t, "1", d.Text())
	assert.NoError(t, d.Finish())
}

const everything = "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- c --><t:r" + typesDecl + ` a="1&amp;2" b='3'>` +
	"text &lt; &#x1F; \r\n<![CDATA[ ]] > ]]><t:b/><t:c x=\"y\">z</t:c ><?p i?>end</t:r>\n"

// Truncating a document anywhere is detected.
func TestTruncated(t *testing.T) {
	t.Parallel()
	whole := strings.TrimSuffix(everything, "\n")
	for chunking, chunk := range chunkings {
		t.Run(chunking, func(t *testing.T) {
			t.Parallel()
			for n := range len(whole) {
				_, err := dump(chunk(strings.NewReader(whole[:n])), xmlwire.Limits{})
				if n > 0 && n < 3 {
					require.ErrorIs(t, err, xmlwire.ErrSyntax, "part of a byte order mark")
					continue
				}
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", n)
				d := xmlwire.NewDecoder(chunk(strings.NewReader(whole[:n])), xmlwire.Limits{})
				require.ErrorIs(t, d.Finish(), io.ErrUnexpectedEOF, "cut at %d", n)
			}
			_, err := dump(chunk(strings.NewReader(whole)), xmlwire.Limits{})
			require.NoError(t, err)
		})
	}
}

// A truncated text is never returned as if it were complete.
func TestTruncatedText(t *testing.T) {
	t.Parallel()
	doc := `<r>text &lt; <![CDATA[ ]] > ]]><b/>end`
	for reading, read := range readings {
		for n := 3; n <= len(doc); n++ {
			for chunking, chunk := range chunkings {
				d := xmlwire.NewDecoder(chunk(strings.NewReader(doc[:n])), xmlwire.Limits{})
				require.True(t, d.NextChild(0))
				_, err := read(d)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%s, %s, cut at %d", reading, chunking, n)
			}
		}
	}
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for n := range len(everything) {
		for _, err := range []error{broken, io.ErrUnexpectedEOF} {
			r := io.MultiReader(strings.NewReader(everything[:n]), iotest.ErrReader(err))
			_, got := dump(r, xmlwire.Limits{})
			require.ErrorIs(t, got, err, "after %d bytes", n)
			var e *xmlwire.Error
			require.ErrorAs(t, got, &e)
		}
	}
	_, err := dump(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(everything))), xmlwire.Limits{})
	assert.ErrorIs(t, err, iotest.ErrTimeout)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderMakesNoProgress(t *testing.T) {
	t.Parallel()
	_, err := dump(io.MultiReader(strings.NewReader("<r>"), stuck{}), xmlwire.Limits{})
	assert.ErrorIs(t, err, io.ErrNoProgress)
}
