package xmlwire_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/require"
)

// seeds adds the fixtures, the texts of other tests, and the samples of
// Microsoft's documentation if they are next to the repository.
func seeds(f *testing.F) {
	patterns := []string{"testdata/*.xml", "../../../shared/ews-doc-samples/*/*.xml"}
	for i, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.True(f, i > 0 || len(files) > 0, "fixtures are missing")
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	for _, tt := range texts {
		f.Add([]byte("<r><a>" + tt.xml + "</a><b c='" + strings.ReplaceAll(tt.xml, "'", "") + "'/></r>"))
	}
	f.Add([]byte(everything))
}

// FuzzDecoder checks that a document is read the same way however it arrives,
// and that the result agrees with encoding/xml if that can read it.
func FuzzDecoder(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, strict := range []bool{true, false} {
			limits := xmlwire.Limits{Strict: strict}
			want, wantErr := dump(bytes.NewReader(b), limits)
			for chunking, chunk := range chunkings {
				got, err := dump(chunk(bytes.NewReader(b)), limits)
				require.Equal(t, wantErr == nil, err == nil, "%s: %v, %v", chunking, wantErr, err)
				if err == nil {
					require.Equal(t, want, got, chunking)
				}
			}
			d := xmlwire.NewDecoder(bytes.NewReader(b), limits)
			if err := d.Finish(); wantErr == nil {
				require.NoError(t, err, "skipping it")
			}
			if strict {
				continue
			}
			reference, err := standard(b)
			if err == nil && !apart(b, wantErr) {
				require.NoError(t, wantErr)
				require.Equal(t, reference, want)
			}
		}
	})
}

// standard reads a document with encoding/xml.
func standard(b []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))))
	top := &node{}
	open := []*node{top}
	for {
		tok, err := d.Token()
		if err == io.EOF && len(open) == 1 && len(top.children) == 1 {
			return top.children[0], nil
		}
		if err != nil {
			return nil, errors.Join(err, io.ErrUnexpectedEOF)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{space: spaceOf(tok.Name.Space), local: tok.Name.Local}
			for _, a := range tok.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					n.attrs = append(n.attrs, fmt.Sprintf("%d:%s=%q", spaceOf(a.Name.Space), a.Name.Local, a.Value))
				}
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			open[len(open)-1].text += string(tok)
		case xml.Directive:
			return nil, errors.New("a directive")
		}
		if len(open) == 1 && (strings.Trim(top.text, " \t\r\n") != "" || len(top.children) > 1) {
			return nil, errors.New("more than a root element")
		}
	}
}

func spaceOf(uri string) xmlwire.Space {
	switch uri {
	case "":
		return xmlwire.SpaceNone
	case xmlwire.URISOAP:
		return xmlwire.SpaceSOAP
	case xmlwire.URITypes:
		return xmlwire.SpaceTypes
	case xmlwire.URIMessages:
		return xmlwire.SpaceMessages
	case xmlwire.URIErrors:
		return xmlwire.SpaceErrors
	case xmlwire.URIAutodiscover:
		return xmlwire.SpaceAutodiscover
	case xmlwire.URIInstance:
		return xmlwire.SpaceInstance
	case xmlwire.URIXML, "xml":
		return xmlwire.SpaceXML
	}
	return xmlwire.SpaceOther
}

var (
	surrogate    = regexp.MustCompile(`&#(x0*[dD][89a-fA-F]|0*5[5-7])`)
	longNumber   = regexp.MustCompile(`&#x?[0-9a-fA-F]{28}`)
	literalBlank = regexp.MustCompile(`=\s*("[^"]*[\t\r\n]|'[^']*[\t\r\n])`)
	colon        = regexp.MustCompile(`[<\s/"']:|:[\s/>=]`)
	cdataOutside = regexp.MustCompile(`^[^<]*<!\[CDATA|>\s*<!\[CDATA[^<]*$`)
)

// apart reports whether the two decoders may differ for a known reason: limits;
// or that encoding/xml decodes each half of a surrogate pair by itself, does not
// turn white space in attributes into spaces, accepts ":a" as a name, accepts
// CDATA as white space, and identifies prefixes by their names.
func apart(b []byte, err error) bool {
	return errors.Is(err, xmlwire.ErrLimit) || surrogate.Match(b) || longNumber.Match(b) || literalBlank.Match(b) ||
		colon.Match(b) || cdataOutside.Match(b) || bytes.Contains(b, []byte("xmlns:xml")) || bytes.Contains(b, []byte("xmlns=\"xml\"")) ||
		bytes.Contains(b, []byte(`"xmlns"`)) || bytes.Contains(b, []byte(`'xmlns'`)) || bytes.Contains(b, []byte(`<xmlns:`))
}

// FuzzTextReader checks that a stream may be abandoned anywhere without affecting
// the rest of the document.
func FuzzTextReader(f *testing.F) {
	for _, tt := range texts {
		f.Add(tt.xml, 1, true)
		f.Add(tt.xml, 5, false)
	}
	f.Fuzz(func(t *testing.T, text string, n int, blanks bool) {
		doc := "<r><a>" + text + "</a><b>&lt;</b></r>"
		want, err := dump(strings.NewReader(doc), xmlwire.Limits{})
		if err != nil || len(want.children) != 2 {
			return
		}
		for chunking, chunk := range chunkings {
			d := xmlwire.NewDecoder(chunk(strings.NewReader(doc)), xmlwire.Limits{})
			require.True(t, d.NextChild(0))
			require.True(t, d.NextChild(1))
			s := d.TextReader(blanks)
			got, err := io.ReadAll(io.LimitReader(s, int64(n)))
			require.NoError(t, err)
			rest, err := io.ReadAll(d.TextReader(blanks))
			require.NoError(t, err)
			whole := want.children[0].text
			got = append(got, rest...)
			if !blanks {
				whole = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(whole)
			}
			require.Equal(t, whole, string(got), chunking)

			d = xmlwire.NewDecoder(chunk(strings.NewReader(doc)), xmlwire.Limits{})
			require.True(t, d.NextChild(0))
			require.True(t, d.NextChild(1))
			_, err = io.CopyN(io.Discard, d.TextReader(blanks), max(0, min(int64(n), 1<<20)))
			require.True(t, err == nil || err == io.EOF, "%v", err)
			require.True(t, d.NextChild(1))
			require.Equal(t, "<", d.Text())
			require.NoError(t, d.Finish())
		}
	})
}

// FuzzEncoder checks that the decoder reads what the encoder writes.
func FuzzEncoder(f *testing.F) {
	for _, tt := range texts {
		f.Add(tt.want)
	}
	f.Fuzz(roundTrip)
}
