package main

import (
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

func TestPrepareLeavesOut(t *testing.T) {
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
		file, reason, err := prepare(name, dir, 0)
		require.NoError(t, err)
		assert.Equal(t, want, reason, name)
		assert.Equal(t, reason == "", file != "")
	}
	cleaned, _, err := prepare(filepath.Join(dir, "5-GetItem-response.xml"), dir, 7)
	require.NoError(t, err)
	text, err := os.ReadFile(cleaned)
	require.NoError(t, err)
	assert.Equal(t, "<Envelope>?</Envelope>", string(text))
}
