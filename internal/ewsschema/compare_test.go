//go:build ewsschema

package ewsschema_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/stretchr/testify/require"
)

// TestAgainstPublishedSchema compares the verdicts with those of xmllint using
// Microsoft's schemas, for the fixtures, the samples in Microsoft's documentation, and
// thousands of mutants of both. It is built with -tags ewsschema, takes the directory of
// the schemas from EWS_SCHEMA_DIR, next to which ews-doc-samples contains the samples,
// and needs xmllint.
func TestAgainstPublishedSchema(t *testing.T) {
	dir := os.Getenv("EWS_SCHEMA_DIR")
	require.NotEmpty(t, dir, "set EWS_SCHEMA_DIR to the directory of the schemas")

	var docs []document
	for k, pattern := range []string{"testdata/valid/*.xml", filepath.Join(dir, "../ews-doc-samples/request/*.xml")} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, f := range files {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			b = atNewest(b)
			if !modelled(b) {
				continue
			}
			name := filepath.Base(f)
			docs = append(docs, document{name, b})
			for i, m := range mutants(b) {
				if k > 0 && i%5 != 0 {
					continue // there are many samples, which are much alike
				}
				docs = append(docs, document{fmt.Sprintf("%s mutant %d", name, i), m})
			}
		}
	}
	t.Logf("%d documents", len(docs))
	require.Greater(t, len(docs), 3000)

	valid := xmllint(t, filepath.Join(dir, "soap.xsd"), docs)
	accepted := 0
	for i, doc := range docs {
		if !newest.Match(doc.xml) {
			continue // the mutation removed its version
		}
		_, err := ewsschema.Parse(bytes.NewReader(doc.xml), ewsschema.V20161010)
		if err == nil {
			accepted++
		}
		if (err == nil) != valid[i] && !stricter(err) {
			t.Errorf("%s: xmllint says %v, we say %v\n%s", doc.name, valid[i], err, doc.xml)
		}
	}
	t.Logf("%d accepted", accepted)
	require.Greater(t, accepted, 100)
}

var newest = regexp.MustCompile(`<(\w+:)?RequestServerVersion [^>]*/2006/types"[^>]* Version="V2016_10_10"|<\w+:RequestServerVersion Version="V2016_10_10"`)

type document struct {
	name string
	xml  []byte
}

var version = regexp.MustCompile(`(RequestServerVersion[^>]*Version=")Exchange20[^"]*`)

// atNewest changes a request to the newest version, because the schema that
// xmllint uses does not distinguish versions.
func atNewest(b []byte) []byte {
	b = version.ReplaceAll(b, []byte("${1}V2016_10_10"))
	if !bytes.Contains(b, []byte("RequestServerVersion")) {
		header := []byte(`<x:RequestServerVersion xmlns:x="http://schemas.microsoft.com/exchange/services/2006/types" Version="V2016_10_10"/>`)
		if at := regexp.MustCompile(`<\w+:Header>`).FindIndex(b); at != nil {
			return bytes.Join([][]byte{b[:at[1]], header, b[at[1]:]}, nil)
		}
		if at := regexp.MustCompile(`<(\w+):Body`).FindSubmatchIndex(b); at != nil {
			p := string(b[at[2]:at[3]])
			return bytes.Join([][]byte{b[:at[0]], []byte("<" + p + ":Header>"), header, []byte("</" + p + ":Header>"), b[at[0]:]}, nil)
		}
	}
	return b
}

func modelled(b []byte) bool {
	req, err := ewsschema.Parse(bytes.NewReader(b), ewsschema.V20161010)
	if err != nil {
		_, violation := errors.AsType[*ewsschema.Violation](err)
		return violation
	}
	return req.Modelled
}

// stricter reports whether an error is one that the published schema, which was
// relaxed for other tools, or xmllint does not detect.
func stricter(err error) bool {
	if _, ok := errors.AsType[*ewsschema.HeaderError](err); ok {
		return true
	}
	v, ok := errors.AsType[*ewsschema.Violation](err)
	if !ok {
		return false
	}
	// The servers' own schema allows only one property and one expression, and
	// xmllint ignores characters that are not base64.
	return onePath.MatchString(v.Message) || strings.Contains(v.Message, "its datatype 'base64Binary'")
}

var onePath = regexp.MustCompile(`^The element '(SetItemField|AppendToItemField|DeleteItemField|SetFolderField|AppendToFolderField|DeleteFolderField|Exists|Excludes|Contains|Is\w+To|IsLessThan|IsGreaterThan|FieldOrder|GroupBy|AggregateOn|Not|Restriction|Condition)' in namespace '[^']*' has invalid child element '(\w*FieldURI|And|Or|Not|Exists|Excludes|Contains|Is\w+)'`)

// xmllint validates documents, many per call.
func xmllint(t *testing.T, schema string, docs []document) []bool {
	dir := t.TempDir()
	valid := make([]bool, len(docs))
	const batch = 500
	for start := 0; start < len(docs); start += batch {
		args := []string{"--nonet", "--noout", "--schema", schema}
		end := min(start+batch, len(docs))
		for i, doc := range docs[start:end] {
			name := filepath.Join(dir, fmt.Sprintf("%d.xml", start+i))
			require.NoError(t, os.WriteFile(name, doc.xml, 0o600))
			args = append(args, name)
		}
		out, err := exec.Command("xmllint", args...).CombinedOutput()
		if _, exit := errors.AsType[*exec.ExitError](err); err != nil && !exit {
			require.NoError(t, err)
		}
		for i := range docs[start:end] {
			verdict := filepath.Join(dir, fmt.Sprintf("%d.xml validates", start+i))
			valid[start+i] = strings.Contains(string(out), verdict+"\n")
		}
	}
	return valid
}
