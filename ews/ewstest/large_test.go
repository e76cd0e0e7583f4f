package ewstest_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A large message is streamed: neither its MIME nor its base64 is ever held in
// memory as a whole.
func TestLargeAnswersAreStreamed(t *testing.T) {
	const size = 32 << 20
	srv := ewstest.NewServer(nil)
	large := append([]byte("Subject: large\r\nContent-Type: application/octet-stream; name=x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"), bytes.Repeat([]byte("0123456789abcde\r\n"), size/17)...)
	id := itemID(srv.Mailbox(alice).Deliver(large))
	for _, op := range []string{getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, id), exportXML(id)} {
		body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + op + `</s:Body></s:Envelope>`
		req := posted(t.Context(), t, srv.DirectURL(), strings.NewReader(body))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		res, err := srv.As(srv.Direct(), "svc").RoundTrip(req)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		runtime.ReadMemStats(&after)
		assert.Greater(t, n, int64(size*4/3))
		assert.Equal(t, res.ContentLength, n)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
	}
}
