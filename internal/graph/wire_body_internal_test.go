package graph

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func shownOf(body string, bodies bool, piece int) string {
	w := &wireBody{bodies: bodies}
	for len(body) > 0 {
		n := min(piece, len(body))
		_, _ = w.Write([]byte(body[:n]))
		body = body[n:]
	}
	var b bytes.Buffer
	w.Show(&b)
	return strings.TrimSuffix(b.String(), "\n")
}

func TestWireBody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for body, want := range map[string]string{
		`{"id":"a","isRead":true}`:                                                                                                 `{"id":"a","isRead":true}`,
		`{"value":[{"itemId":"i","data":"QUJD"},{"itemId":"j"}]}`:                                                                  `{"value":[{"itemId":"i","data":"[4 bytes not shown]"},{"itemId":"j"}]}`,
		`{"FolderId":"f","Mode":"create","Data":"QUJD"}`:                                                                           `{"FolderId":"f","Mode":"create","Data":"[4 bytes not shown]"}`,
		`{"body":{"contentType":"html","content":"<b>\"secret\"</b>"},"subject":"s"}`:                                              `{"body":{"contentType":"html","content":"[17 bytes not shown]"},"subject":"s"}`,
		`{"internetMessageHeaders":[{"name":"X","value":"y"}],"a":1}`:                                                              `{"internetMessageHeaders":"[26 bytes not shown]","a":1}`,
		`{"responses":[{"id":"1","body":{"value":[{"bodyPreview":"hi"}]}}]}`:                                                       `{"responses":[{"id":"1","body":{"value":[{"bodyPreview":"[2 bytes not shown]"}]}}]}`,
		`[{"id":"String 0x37","value":"subject"},{"id":"String 0x007D","value":"From: x"},{"id":"String {g} Name y","value":"z"}]`: `[{"id":"String 0x37","value":"subject"},{"id":"String 0x007D","value":"[7 bytes not shown]"},{"id":"String {g} Name y","value":"z"}]`,
		`{"x":"` + long + `"}`:              `{"x":"[2000 bytes not shown]"}`,
		"\ufeff  {\"a\":1}":                 `{"a":1}`,
		`<html>no</html>`:                   `<html>no</html>`,
		`<html>` + long:                     `<html>` + long[:1018] + `[982 more bytes not shown]`,
		`{"data":"cut off`:                  `{"data":"`[:8] + `[7 bytes not shown, and no end]`,
		`{"data":{"a":"cut off`:             `{"data":[12 bytes not shown, and no end]`,
		"{\"a\":\"\x1b[2J\"}":               "{\"a\":\"\uFFFD[2J\"}",
		strings.Repeat(`{"a":`, 2000) + "1": strings.Repeat(`{"a":`, 1024) + "[4881 bytes not shown, and no end]",
	} {
		for _, piece := range []int{1, 7, len(body)} {
			assert.Equal(t, want, shownOf(body, false, piece), body[:min(len(body), 80)])
		}
	}
	for body, want := range map[string]string{
		`{"importUrl":"https://x/?authtoken=s","data":"QUJD"}`:               `{"importUrl":"[22 bytes not shown]","data":"QUJD"}`,
		`{"access_token":"s","clientSecret":{"a":["s"]},"b":"` + long + `"}`: `{"access_token":"[1 bytes not shown]","clientSecret":"[11 bytes not shown]","b":"` + long + `"}`,
	} {
		assert.Equal(t, want, shownOf(body, true, 5), body)
	}
}

// FuzzWireBody: no contents of a member that holds them are shown, whatever surrounds it,
// and what is shown of JSON is JSON.
func FuzzWireBody(f *testing.F) {
	f.Add(`{"a":[1,{"b":"c"}]}`, "s")
	f.Add(`[[],{}]`, `"quoted" \`)
	f.Add(`<html>`, "")
	f.Fuzz(func(t *testing.T, around, contents string) {
		shownOf(around, false, 3)
		if !json.Valid([]byte(around)) {
			return
		}
		mark := "contents-" + strings.Repeat("m", 20)
		secret, _ := json.Marshal(mark + contents)
		body := `{"around":` + around + `,"Content":` + string(secret) + `,"more":[{"data":` + string(secret) + `},` + around + `]}`
		shown := shownOf(body, false, 5)
		if strings.Contains(shown, mark) {
			t.Errorf("contents are shown: %s", shown)
		}
		if !json.Valid([]byte(shown)) && !strings.ContainsRune(shown, '\uFFFD') && len(around) < maxWireDepth {
			t.Errorf("%s became %s", body, shown)
		}
	})
}

// TestWireContentOfMessages: messages and files are not shown, whatever they look like.
func TestWireContentOfMessages(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Subject: secret\r\n\r\nsecret", `{"subject":"secret"}`} {
		for _, bodies := range []bool{false, true} {
			w := &wireBody{bodies: bodies, content: true}
			_, _ = w.Write([]byte(text))
			var b bytes.Buffer
			w.Show(&b)
			assert.Equal(t, bodies, strings.Contains(b.String(), "secret"), b.String())
		}
	}
}
