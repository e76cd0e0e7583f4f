package wirelog_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// line is a body of one line.
type line struct{ text string }

func (l *line) Show(b *bytes.Buffer) { b.WriteString(l.text + "\n") }

func TestExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := wirelog.New(&out, func() *line { return &line{} })
		x := log.Begin()
		x.Sends(http.Header{"Authorization": {"Bearer abc"}})
		x.Request.text = "asks for s3cret"
		time.Sleep(time.Second)
		x.Gets(&http.Response{Proto: "HTTP/1.1", StatusCode: 503, Header: http.Header{"Retry-After": {"9"}}})
		x.Response.text = "busy"
		x.Write("GetItem", errors.New("s3cret\x1b"), func(s string) string { return strings.ReplaceAll(s, "s3cret", "***") })
		assert.Equal(t, ">>> GetItem, 2000-01-01T00:00:00Z\nAuthorization: Bearer [not shown]\n\nasks for ***\n"+
			"<<< HTTP/1.1 503 Service Unavailable, after 1s\nRetry-After: 9\n\nbusy\n!!! ***\uFFFD\n\n", out.String())
	})
}

func TestNoLog(t *testing.T) {
	t.Parallel()
	var log *wirelog.Log[*line]
	x := log.Begin()
	x.Sends(http.Header{})
	x.Gets(&http.Response{})
	x.Write("nobody sees it", nil, nil)
	assert.Nil(t, x)
}
