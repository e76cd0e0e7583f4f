package xmlwire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStrictRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"forbidden reference":            `<r>&#x1F;</r>`,
		"forbidden reference, large":     `<r>&#xFFFF;</r>`,
		"surrogate":                      `<r>&#xD800;</r>`,
		"other half first":               `<r>&#xDE00;&#xD83D;</r>`,
		"forbidden byte":                 "<r>abc\x1F</r>",
		"zero byte behind eight":         "<r>abcdefghijk\x00</r>",
		"malformed UTF-8":                "<r>\xC3(</r>",
		"forbidden byte in CDATA":        "<r><![CDATA[\x01]]></r>",
		"unknown entity":                 `<r>&nbsp;</r>`,
		"ampersand":                      `<r>a & b</r>`,
		"ampersand at the end":           `<r>a&</r>`,
		"reference too large":            `<r>&#x110000;</r>`,
		"forbidden reference, attribute": `<r a="&#0;"/>`,
		"forbidden byte, attribute":      "<r a=\"\x0B\"/>",
		"ampersand, attribute":           `<r a="&"/>`,
		"less-than, attribute":           `<r a="<"/>`,
		"attribute twice":                `<r a="1" b="" a="2"/>`,
		"attribute twice with prefix":    `<r p:a="1" p:a="2" xmlns:p="u"/>`,
		"attribute twice by namespace":   `<r p:a="1" q:a="2" xmlns:p="` + xmlwire.URITypes + `" xmlns:q="` + xmlwire.URITypes + `"/>`,
		"prefix of the element":          `<p:r/>`,
		"prefix of a closed element":     `<r><a xmlns:p="u"/><p:a/></r>`,
		"prefix of an attribute":         `<r p:a="1"/>`,
		"forbidden byte in a URI":        "<r xmlns=\"\x01\"/>",
	}
	for name, doc := range tests {
		for chunking, chunk := range chunkings {
			t.Run(name+" "+chunking, func(t *testing.T) {
				t.Parallel()
				_, err := dump(chunk(strings.NewReader(doc)), xmlwire.Limits{Strict: true})
				assert.ErrorIs(t, err, xmlwire.ErrSyntax)
				_, err = dump(chunk(strings.NewReader(doc)), xmlwire.Limits{})
				assert.NoError(t, err, "not strict")
			})
		}
	}
}

func TestStrictAccepts(t *testing.T) {
	t.Parallel()
	for name, tt := range texts {
		lenientOnly := strings.ContainsAny(tt.want, "\x00\x1F\uFFFD\uFFFE") || !utf8.ValidString(tt.want) || strings.Contains(name, "ampersand") ||
			strings.Contains(name, "no reference") || strings.Contains(name, "nonsense") || strings.Contains(name, "entity")
		if lenientOnly {
			continue
		}
		for chunking, chunk := range chunkings {
			t.Run(name+" "+chunking, func(t *testing.T) {
				t.Parallel()
				for reading, read := range readings {
					d := xmlwire.NewDecoder(chunk(strings.NewReader("<r>"+tt.xml+"</r>")), xmlwire.Limits{Strict: true})
					require.True(t, d.NextChild(0))
					got, err := read(d)
					require.NoError(t, err, reading)
					require.Equal(t, tt.want, got, reading)
					require.NoError(t, d.Finish())
				}
			})
		}
	}
	_, err := dump(strings.NewReader(`<r xml:lang="de" p:a="1" a="2" q:a="3" xmlns:p="u" xmlns:q="v" b="&#x1F600;&#xD83D;&#xDE00;"><p:x xmlns:p="w" p:y=""/></r>`), xmlwire.Limits{Strict: true})
	assert.NoError(t, err)
}

func TestPosition(t *testing.T) {
	t.Parallel()
	doc := "<?xml version=\"1.0\"?>\r\n<r>\n  <a/><b x=\"\n\"/>\n<!--\n-->Grüße<c>\r\n\r\n" + strings.Repeat("long text\n", 10_000) + "</c><d/></r>"
	for chunking, chunk := range chunkings {
		t.Run(chunking, func(t *testing.T) {
			t.Parallel()
			d := xmlwire.NewDecoder(chunk(strings.NewReader(doc)), xmlwire.Limits{Strict: true})
			type place struct{ line, column int }
			got := make(map[string]place)
			note := func() {
				line, column := d.Position()
				got[d.Local()] = place{line, column}
			}
			require.True(t, d.NextChild(0))
			note()
			for d.NextChild(1) {
				note()
				if d.Local() == "c" {
					_ = d.Text()
				}
			}
			require.NoError(t, d.Finish())
			assert.Equal(t, map[string]place{"r": {2, 2}, "a": {3, 4}, "b": {3, 8}, "c": {6, 10}, "d": {10_008, 6}}, got)
		})
	}
}

func TestPositionOfError(t *testing.T) {
	t.Parallel()
	for chunking, chunk := range chunkings {
		d := xmlwire.NewDecoder(chunk(strings.NewReader("<r>\n\n  <a></b></r>")), xmlwire.Limits{Strict: true})
		require.Error(t, d.Finish())
		line, column := d.Position()
		assert.Equal(t, 3, line, chunking)
		assert.Equal(t, 6, column, chunking)
	}
	d := open("<r>\n<a/></r>")
	require.NoError(t, d.Finish())
	line, column := d.Position()
	assert.Zero(t, line)
	assert.Zero(t, column)
}
