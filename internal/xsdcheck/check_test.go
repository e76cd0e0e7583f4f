package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain &#x41;&#10;&amp; é": "plain &#x41;&#10;&amp; é",
		"a&#x1F;b&#0;c&#xD800;d":   "a?b?c?d",
		"a\x1fb\xffc":              "a?b?c",
		"&#x110000;&#99999999999;": "??",
		"&#xFFFE;\uFFFE\uFFFD":     "??\uFFFD",
	} {
		got, changed := allowed([]byte(in))
		assert.Equal(t, want, string(got))
		assert.Equal(t, in != want, changed, in)
	}
}

func TestLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const envelope = `<Envelope></Envelope>`
	write("1-GetItem-response.xml", `<Envelope><ResponseCode>ErrorSchemaValidation</ResponseCode></Envelope>`)
	write("2-GetItem-response.xml", envelope)
	write("6-GetItem-response.xml", `<Envelope><ResponseCode>ErrorInvalidServerVersion</ResponseCode></Envelope>`)
	write("7-GetItem-response.xml", `<Envelope><ResponseCode>ErrorInvalidServerVersion</ResponseCode></Envelope>`)
	write("8-GetItem-response.xml", `<Envelope><faultcode>a:ErrorSchemaValidation</faultcode></Envelope>`)
	for name, want := range map[string]string{
		write("1-GetItem-request.xml", envelope):                                                    "a request that the server refused for its form",
		write("2-GetItem-request.xml", envelope):                                                    "",
		write("3-GetItem-request.xml", envelope):                                                    "a request without an answer",
		write("4-GetItem-response.xml", "<html>"):                                                   "no SOAP envelope",
		write("5-GetItem-response.xml", "<Envelope>\x1f</Envelope>"):                                "",
		write("6-GetItem-request.xml", `<t:RequestServerVersion Version="Exchange2019"/>`+envelope): "a request in a version that does not exist, which the server refused",
		write("7-GetItem-request.xml", `<t:RequestServerVersion Version="Exchange2013"/>`+envelope): "",
		write("8-GetItem-request.xml", envelope):                                                    "a request that the server refused for its form",
		write("later.xml", `<t:RequestServerVersion Version="V2017_07_11"/>`+envelope):              "a request in a version of the schema later than the published one",
		write("golden.xml", envelope):                                                               "",
	} {
		d := newDocuments(t.TempDir())
		reason, err := d.add(name)
		require.NoError(t, err)
		assert.Equal(t, want, reason, name)
		assert.Equal(t, reason == "", len(d.files) == 1)
	}
	d := newDocuments(t.TempDir())
	_, err := d.add(filepath.Join(dir, "5-GetItem-response.xml"))
	require.NoError(t, err)
	text, err := os.ReadFile(d.files[0])
	require.NoError(t, err)
	assert.Equal(t, "<Envelope>?</Envelope>", string(text))
}

func TestSameDocuments(t *testing.T) {
	t.Parallel()
	dir, d := t.TempDir(), newDocuments(t.TempDir())
	for i, text := range []string{"<Envelope>a</Envelope>", "<Envelope>b\x1f</Envelope>", "<Envelope>a</Envelope>", "<Envelope>b\x1f</Envelope>", "<Envelope>c</Envelope>"} {
		name := filepath.Join(dir, fmt.Sprintf("%d-GetItem-response.xml", i))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		reason, err := d.add(name)
		require.NoError(t, err)
		assert.Empty(t, reason)
	}
	require.Len(t, d.files, 3)

	var r report
	r.verdicts("line\n"+d.files[0]+" fails to validate\n"+d.files[1]+" validates\n"+"broken\n", d.files, d)
	assert.Equal(t, 2, r.valid)
	assert.Equal(t, 3, r.wrong, "two that fail, and one that has no verdict")
	assert.Equal(t, []string{"line\n" + d.files[0] + " fails to validate\n", "1 documents are not well-formed:\nbroken\n"}, r.invalid)
}
