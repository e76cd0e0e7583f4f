package xmlwire_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextReaderWithoutBlanks(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{})
	data := make([]byte, 200_000)
	_, _ = random.Read(data)
	encoded := base64.StdEncoding.EncodeToString(data)
	forms := map[string]func(string) string{
		"one line":   func(s string) string { return s },
		"CR LF":      func(s string) string { return lines(s, 76, "\r\n") },
		"LF":         func(s string) string { return lines(s, 64, "\n") },
		"indented":   func(s string) string { return "\n\t " + lines(s, 60, "\n\t ") + "\n" },
		"references": func(s string) string { return lines(s, 76, "&#xD;&#10;") },
		"CDATA":      func(s string) string { return "<![CDATA[" + lines(s, 1000, "]]>\r<![CDATA[\n") + "]]>" },
	}
	for name, form := range forms {
		for _, strict := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				doc := "<r><a>" + form(encoded) + "</a><b>2</b></r>"
				for chunking, chunk := range chunkings {
					if chunking == "byte by byte" {
						chunk = func(r io.Reader) io.Reader { return &pieces{r, 1000} }
					}
					d := xmlwire.NewDecoder(chunk(strings.NewReader(doc)), xmlwire.Limits{Strict: strict})
					require.True(t, d.NextChild(0))
					require.True(t, d.NextChild(1))
					got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, d.TextReader(false)))
					require.NoError(t, err, chunking)
					require.True(t, bytes.Equal(data, got), chunking)
					require.True(t, d.NextChild(1))
					require.Equal(t, "2", d.Text())
					require.NoError(t, d.Finish())
				}
			})
		}
	}
}

func lines(s string, n int, sep string) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + sep)
		s = s[n:]
	}
	return b.String() + s
}

func TestTextReaderConforms(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789\n", 10_000)
	for chunking, chunk := range chunkings {
		if chunking == "empty between" {
			continue
		}
		d := xmlwire.NewDecoder(chunk(strings.NewReader("<r>"+text+"</r>")), xmlwire.Limits{})
		require.True(t, d.NextChild(0))
		require.NoError(t, iotest.TestReader(d.TextReader(true), []byte(text)), chunking)
	}
}

// A stream abandoned in the middle, whatever remains of it, does not affect what comes
// after it.
func TestTextReaderAbandoned(t *testing.T) {
	t.Parallel()
	evil := "abc &lt; <![CDATA[ </a><evil>1</evil> ]]> <!-- <evil/> --> <i><evil/></i> & \r"
	text, err := io.ReadAll(root(t, "<r>"+evil+"</r>").TextReader(true))
	require.NoError(t, err)
	moves := map[string]func(*xmlwire.Decoder){
		"next": func(*xmlwire.Decoder) {},
		"skip": func(d *xmlwire.Decoder) { d.Skip() },
		"text": func(d *xmlwire.Decoder) { d.Text() },
		"mixed": func(d *xmlwire.Decoder) {
			var b strings.Builder
			for depth := d.Depth(); d.NextChildText(depth, &b); {
			}
		},
		"stream": func(d *xmlwire.Decoder) { _, _ = io.Copy(io.Discard, d.TextReader(false)) },
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for chunking, chunk := range chunkings {
				for n := range len(text) + 1 {
					d := xmlwire.NewDecoder(chunk(strings.NewReader("<r><a>"+evil+"</a><b>2</b></r>")), xmlwire.Limits{})
					require.True(t, d.NextChild(0))
					require.True(t, d.NextChild(1))
					s := d.TextReader(true)
					got, err := io.ReadAll(io.LimitReader(s, int64(n)))
					require.NoError(t, err)
					require.Equal(t, string(text[:n]), string(got), chunking)
					move(d)
					require.True(t, d.NextChild(1), "%s, after %d bytes: %v", chunking, n, d.Err())
					require.Equal(t, "b", d.Local())
					_, err = s.Read(make([]byte, 1))
					require.ErrorIs(t, err, xmlwire.ErrMovedOn)
					_, err = s.WriteTo(io.Discard)
					require.ErrorIs(t, err, xmlwire.ErrMovedOn)
					require.Equal(t, "2", d.Text())
					require.NoError(t, d.Finish())
				}
			}
		})
	}
}

func TestTextReaderOfNextElementIsAnother(t *testing.T) {
	t.Parallel()
	d := root(t, `<r><a>one</a><a>two</a></r>`)
	require.True(t, d.NextChild(1))
	first := d.TextReader(true)
	require.True(t, d.NextChild(1))
	second := d.TextReader(true)
	_, err := io.ReadAll(first)
	assert.ErrorIs(t, err, xmlwire.ErrMovedOn)
	b, err := io.ReadAll(second)
	assert.NoError(t, err)
	assert.Equal(t, "two", string(b))
	_, err = second.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.False(t, d.NextChild(1))
	_, err = second.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err, "it was read completely")
}

func TestTextReadersOfOneElement(t *testing.T) {
	t.Parallel()
	const text, want = "abc\r\nd<i/>ef&amp;<![CDATA[g]]>hi", "abc\ndef&ghi"
	for chunking, chunk := range chunkings {
		for n := range len(want) + 1 {
			for reading, read := range readings {
				d := xmlwire.NewDecoder(chunk(strings.NewReader("<r><a>"+text+"</a>x</r>")), xmlwire.Limits{})
				require.True(t, d.NextChild(0))
				require.True(t, d.NextChild(1))
				first := d.TextReader(true)
				_, err := io.ReadFull(first, make([]byte, n))
				require.NoError(t, err)
				rest, err := read(d)
				require.NoError(t, err)
				require.Equal(t, want[n:], rest, "%s, %s, after %d bytes", chunking, reading, n)
				_, err = first.Read(make([]byte, 1))
				require.Error(t, err)
				require.False(t, d.NextChild(1))
				require.NoError(t, d.Finish())
			}
		}
	}
}

func TestTextReaderFails(t *testing.T) {
	t.Parallel()
	for _, blanks := range []bool{false, true} {
		for doc, want := range map[string]error{
			`<r>abc`:           io.ErrUnexpectedEOF,
			`<r>abc</s>`:       xmlwire.ErrSyntax,
			`<r>abc<a></r>`:    xmlwire.ErrSyntax,
			`<r>abc<!DOCTYPE>`: xmlwire.ErrSyntax,
		} {
			d := root(t, doc)
			s := d.TextReader(blanks)
			b, err := io.ReadAll(s)
			assert.ErrorIs(t, err, want, doc)
			assert.Equal(t, "abc", string(b))
			_, err = s.Read(make([]byte, 1))
			assert.ErrorIs(t, err, want, "again")
			_, err = s.WriteTo(io.Discard)
			assert.ErrorIs(t, err, want, "again")
		}
	}
}

func TestTextReaderEmptyBuffer(t *testing.T) {
	t.Parallel()
	s := root(t, `<r>abc</r>`).TextReader(true)
	n, err := s.Read(nil)
	assert.Zero(t, n)
	assert.NoError(t, err)
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write(b []byte) (int, error) { return min(2, len(b)), errFull }

func TestTextReaderWriterFails(t *testing.T) {
	t.Parallel()
	s := root(t, `<r>abc</r>`).TextReader(true)
	n, err := s.WriteTo(fullDisk{})
	assert.EqualValues(t, 2, n)
	assert.ErrorIs(t, err, errFull)
	b, err := io.ReadAll(s)
	assert.NoError(t, err)
	assert.Equal(t, "c", string(b))
}
