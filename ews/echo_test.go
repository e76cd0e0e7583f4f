package ews_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// echoed is what ownSignIn sends. No piece of it may come back to the caller.
var echoed = "Basic " + base64.StdEncoding.EncodeToString([]byte(`EX\svc:s3cr3t-PW`))

// ownSignIn is a RoundTripper such as a user of this package may write.
type ownSignIn struct{ next http.RoundTripper }

func (s ownSignIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", echoed)
	return s.next.RoundTrip(r)
}

// leaks returns the parts of what was sent that a text contains.
func leaks(text string) (found []string) {
	for _, part := range []string{"s3cr3t", echoed[6:], echoed[6:18], strings.Repeat("abcdef12", 2)} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(part)) {
			found = append(found, part)
		}
	}
	return found
}

// shown returns everything that can be seen of an error and the errors it wraps.
func shown(err error) string {
	var b strings.Builder
	for err != nil {
		text, _ := json.Marshal(err)
		fmt.Fprintf(&b, "%v %+v %#v %q %s\n", err, err, err, err, text)
		err = errors.Unwrap(err)
	}
	return b.String()
}

// Credentials that a server echoes, in whatever field, appear in no error and no log
// record.
func TestEcho(t *testing.T) {
	t.Parallel()
	const plain = `s3cr3t-PW`
	cookie := strings.Repeat("abcdef12", 8)
	set := http.Header{"Set-Cookie": {"MSISAuth=" + cookie + "; path=/"}}
	everywhere := http.Header{}
	for _, name := range []string{"Request-Id", "X-Feserver", "X-Targetbeserver", "X-Caserrorcode", "X-Ms-Diagnostics", "Www-Authenticate"} {
		everywhere.Set(name, "debug: "+echoed+" "+plain+" "+cookie)
	}
	page := "<html><head><title>Error " + echoed + " " + html.EscapeString(plain) + "</title></head><body>Authorization: " + echoed + "</body></html>"
	message := func(text string) string {
		return strings.ReplaceAll(soap(response(ews.OpGetFolder, refusal(ews.OpGetFolder, "ErrorAccessDenied"))), ">refused<", ">"+html.EscapeString(text)+"<")
	}
	for name, answer := range map[string]answerFunc{
		"page 200":      respondWith(200, page, everywhere),
		"page 401":      respondWith(401, page, everywhere),
		"page 500":      respondWith(500, page, everywhere),
		"no page":       respondWith(502, "", everywhere),
		"redirect":      respondWith(302, "", http.Header{"Location": {"https://svc:s3cr3t-PW@evil.example/EWS?p=s3cr3t-PW"}}),
		"redirect host": respondWith(302, "", http.Header{"Location": {"https://s3cr3t-PW.evil.example/"}}),
		"fault":         respondWith(500, strings.ReplaceAll(fault("ErrorX", ""), ">refused<", ">bad header "+echoed+" "+html.EscapeString(plain)+"<"), everywhere),
		"code":          respondWith(500, fault(ews.ResponseCode("ErrorX"+html.EscapeString(plain)), ""), nil),
		"violation":     respondWith(500, fault("ErrorSchemaValidation", "<t:MessageXml xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types'><t:Violation>s3cr3t%2dPW</t:Violation></t:MessageXml>"), nil),
		"message":       respondWith(200, message("password s3cr3t-PW or "+base64.StdEncoding.EncodeToString([]byte(plain))), everywhere),
		"class":         respondWith(200, strings.ReplaceAll(message(""), `ResponseClass="Error"`, `ResponseClass="s3cr3t-PW"`), everywhere),
		"element":       respondWith(200, soap("<m:GetFolderResponse><m:ResponseMessages><s3cr3t-PW/></m:GetFolderResponse>"), everywhere),
		"entity":        respondWith(200, soap("<m:GetFolderResponse>&s3cr3t-PW;"), everywhere),
		"connection":    fail(errors.New(`malformed HTTP response "s3cr3t-PW"`)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			srv := serve(respondWith(200, soap(response(ews.OpGetFolder)), set), answer)
			c := newClient(t, ownSignIn{srv}, &ews.Options{
				Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), ReadAttempts: 1,
			})
			req := ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}}
			_, _ = c.GetFolder(t.Context(), req) // sets the cookie
			results, err := c.GetFolder(t.Context(), req)
			if err == nil {
				err = results[0].Err
			}
			assert.Error(t, err)
			if name != "connection" { // no response reveals what this transport has sent
				assert.Empty(t, leaks(shown(err)), "%v", err)
				assert.Empty(t, leaks(log.String()), "%s", log.String())
			}
			assert.NotEmpty(t, log.String())
		})
	}
}

// The content of a message is not treated as an echo: it may contain a password.
func TestMessagesAreNoEcho(t *testing.T) {
	t.Parallel()
	item := success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="x"/><t:Subject>s3cr3t-PW</t:Subject></t:Message></m:Items>`)
	c := newClient(t, ownSignIn{serve(ok(ews.OpGetItem, item))}, nil)
	got, err := c.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{{ID: "x"}}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}}})
	assert.NoError(t, err)
	assert.Equal(t, "s3cr3t-PW", got[0].Value.Subject)
}

// Handshakes that fail because of old servers are reported with a remedy.
func TestTLSRemedies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"remote error: tls: protocol version not supported":                          "enable TLS 1.2",
		"remote error: tls: handshake failure":                                       "GODEBUG=tlsrsakex=1",
		"local error: tls: no renegotiation":                                         "tlsRenegotiation",
		"tls: failed to parse certificate from server: x509: negative serial number": "GODEBUG=x509negativeserial=1",
	} {
		c := newClient(t, serve(fail(errors.New(text))), &ews.Options{ReadAttempts: 1})
		_, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
		assert.ErrorContains(t, err, want)
	}
}
