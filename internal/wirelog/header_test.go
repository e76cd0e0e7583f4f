package wirelog_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

func TestWriteHeader(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	wirelog.WriteHeader(&b, http.Header{
		"Authorization": {"Bearer abc"}, "Location": {"https://x/y?authtoken=abc"}, "Set-Cookie": {"id=abc; Path=/"},
		"X-Api-Key": {"abc"}, "Www-Authenticate": {"Bearer realm=abc"}, "X-Other": {"shown\x1b"},
	})
	assert.Equal(t, "Authorization: Bearer [not shown]\nLocation: https://x/y?[not shown]\nSet-Cookie: id=[not shown]\n"+
		"Www-Authenticate: Bearer [not shown]\nX-Api-Key: [not shown]\nX-Other: shown\uFFFD\n\n", b.String())
}
