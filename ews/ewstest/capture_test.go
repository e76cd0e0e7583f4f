package ewstest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestCapture(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("EWSTEST_CAPTURE", dir)
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain + strings.Repeat("line of text\r\n", 1000)))
	c.do(getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, itemID(m)))
	c.srv.FailNext("", ewstest.HTMLPage)
	c.do(getItemXML(idOnly, itemID(m)))
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.xml"))
	require.NoError(t, err)
	var base []string
	for _, n := range names {
		base = append(base, filepath.Base(n))
	}
	assert.Equal(t, []string{"0000-GetItem-request.xml", "0000-GetItem-response.xml", "0001-GetItem-request.xml"}, base)
	b, err := os.ReadFile(names[1])
	require.NoError(t, err)
	assert.Less(t, len(b), 4096)
	assert.Len(t, texts(string(b), "MimeContent")[0], 1024)
	assert.True(t, strings.HasSuffix(string(b), "</s:Envelope>"))
}
