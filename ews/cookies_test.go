package ews_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A gateway whose cookies grow, or have a new name each time, refuses the request once
// they are too long for it. That shuts out no mailbox.
func TestCookiesGrow(t *testing.T) {
	t.Parallel()
	for name, cookie := range map[string]func(n int, old string) string{
		"grows":     func(_ int, old string) string { return "MSISAuth=" + old + strings.Repeat("g", 300) },
		"new names": func(n int, _ string) string { return "TSession" + strconv.Itoa(n) + "=" + strings.Repeat("n", 2000) },
		"many":      func(n int, _ string) string { return "c" + strconv.Itoa(n) + "=" + strings.Repeat("m", 900) },
	} {
		for _, most := range []int{16 << 10, 1 << 10} {
			t.Run(name+" "+strconv.Itoa(most), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					n, refused := 0, 0
					srv := serve(func(r *http.Request, body string) (*http.Response, error) {
						n++
						old := ""
						if c, err := r.Cookie("MSISAuth"); err == nil {
							old = c.Value
						}
						set := http.Header{"Set-Cookie": {cookie(n, old) + "; path=/"}}
						if len(r.Header.Get("Cookie")) > most {
							refused++
							return respondWith(400, "<h2>Bad Request - Request Too Long</h2>", set)(r, body)
						}
						return respondWith(200, soap(response(ews.OpGetFolder, goodFolder)), set)(r, body)
					})
					c := newClient(t, srv, nil)
					for range 40 {
						_, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
						require.NoError(t, err)
					}
					if most == 16<<10 {
						assert.Zero(t, refused)
					}
				})
			})
		}
	}
}

// A request that is refused without cookies is not repeated.
func TestBadRequestWithoutCookies(t *testing.T) {
	t.Parallel()
	srv := serve(respond(400, ""))
	_, err := newClient(t, srv, nil).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
	require.Error(t, err)
	assert.False(t, ews.IsTransient(err))
	assert.Equal(t, 1, srv.count())
}
