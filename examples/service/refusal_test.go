package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	with := func(field string) string {
		return `{"mailboxes":["alice@example.test"],"messageId":"<a@b>",` + field + `}`
	}
	for name, tc := range map[string]struct {
		body    string
		headers []string
		status  int
		field   string
		detail  string
	}{
		"nothing":               {body: "", status: 400, detail: "not a JSON alert"},
		"no JSON":               {body: "mailboxes=a", status: 400, detail: "not a JSON alert"},
		"broken off":            {body: `{"mailboxes":["a`, status: 400, detail: "not a JSON alert"},
		"an array":              {body: "[]", status: 400, detail: "JSON array"},
		"two":                   {body: with(`"id":"x"`) + "{}", status: 400, detail: "one alert per request"},
		"unknown field":         {body: with(`"mailbox":"x"`), status: 400, field: "mailbox", detail: "unknown"},
		"unknown criterion":     {body: `{"mailboxes":["alice@example.test"],"criteria":{"from":"x"}}`, status: 400, field: "from", detail: "unknown"},
		"another type":          {body: with(`"reason":5`), status: 400, field: "reason", detail: "JSON number"},
		"criterion of another":  {body: `{"criteria":{"subject":[]}}`, status: 400, field: "criteria.subject", detail: "JSON array"},
		"no mailboxes":          {body: `{"messageId":"<a@b>"}`, status: 400, field: "mailboxes", detail: "has 0 members"},
		"many mailboxes":        {body: `{"mailboxes":["a@b"` + strings.Repeat(`,"a@b"`, maxMailboxes) + `],"messageId":"<a@b>"}`, status: 400, field: "mailboxes", detail: "5001"},
		"no address":            {body: `{"mailboxes":["alice@example.test","bob"],"messageId":"<a@b>"}`, status: 400, field: "mailboxes[1]", detail: "name@example.com"},
		"no message":            {body: `{"mailboxes":["alice@example.test"]}`, status: 400, field: "messageId", detail: "is empty"},
		"control character":     {body: `{"mailboxes":["alice@example.test"],"messageId":"<a\u001fb>"}`, status: 400, field: "messageId", detail: "U+001F"},
		"two ways":              {body: with(`"criteria":{"sender":"mallory@evil.example"}`), status: 400, field: "criteria", detail: "messageId"},
		"matching everything":   {body: `{"mailboxes":["alice@example.test"],"criteria":{"receivedAfter":"2026-11-24T00:00:00Z"}}`, status: 400, field: "criteria", detail: "would match all"},
		"no time":               {body: `{"mailboxes":["alice@example.test"],"criteria":{"receivedAfter":"yesterday"}}`, status: 400, detail: "yesterday"},
		"id with a slash":       {body: with(`"id":"a/b"`), status: 400, field: "id", detail: "cannot be used in a URL"},
		"id of dots":            {body: with(`"id":".."`), status: 400, field: "id", detail: "cannot be used in a URL"},
		"long id":               {body: with(`"id":"` + strings.Repeat("x", 101) + `"`), status: 400, field: "id", detail: "1 to 100"},
		"key with a space":      {body: with(`"reason":""`), headers: []string{"Idempotency-Key", "a b"}, status: 400, field: "id", detail: "Idempotency-Key"},
		"id and another key":    {body: with(`"id":"a"`), headers: []string{"Idempotency-Key", "b"}, status: 400, field: "id", detail: "differs"},
		"garbage behind":        {body: with(`"id":"x"`) + "x", status: 400, detail: "not a JSON alert"},
		"large":                 {body: with(`"reason":"` + strings.Repeat("x", maxBody) + `"`), status: 413, detail: "1048576 bytes"},
		"large after the end":   {body: with(`"id":"x"`) + strings.Repeat(" ", maxBody), status: 413, detail: "1048576 bytes"},
		"a form":                {body: with(`"id":"x"`), headers: []string{"Content-Type", "text/plain"}, status: 415, field: "Content-Type", detail: "application/json"},
		"type that is none":     {body: with(`"id":"x"`), headers: []string{"Content-Type", ";"}, status: 415, field: "Content-Type", detail: "application/json"},
		"host of somebody else": {body: with(`"id":"x"`), headers: []string{"Host", "evil.example:8081"}, status: 421, detail: "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.call(t, http.MethodPost, "/alerts", tc.body, tc.headers...)
			assert.Equal(t, tc.status, a.Status, a.Text)
			assert.Equal(t, tc.field, a.Problem.Field)
			assert.Contains(t, a.Problem.Detail, tc.detail)
		})
	}
	t.Cleanup(func() {
		assert.Empty(t, l.Requests(), "nothing was asked of Exchange")
		assert.NotContains(t, s.log.String(), "accepted")
	})
}

func TestWrongPath(t *testing.T) {
	t.Parallel()
	s := newLab(t).start(t)
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, "/", 404, ""},
		{http.MethodGet, "/alerts/", 404, ""},
		{http.MethodGet, "/alerts/none", 404, ""},
		{http.MethodGet, "/alerts/a%2Fb", 404, ""},
		{http.MethodPost, "/alerts/none/restore", 404, ""},
		{http.MethodGet, "/alerts", 405, http.MethodPost},
		{http.MethodDelete, "/alerts/none", 405, http.MethodGet},
		{http.MethodGet, "/alerts/none/restore", 405, http.MethodPost},
		{http.MethodPost, "/readyz", 405, http.MethodGet},
	} {
		a := s.call(t, tc.method, tc.path, "")
		assert.Equal(t, tc.status, a.Status, "%s %s", tc.method, tc.path)
		assert.Equal(t, tc.allow, a.Header.Get("Allow"))
	}
}

func TestUnauthorized(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env[envToken] = "correct-horse"
	s := l.start(t)
	for _, sent := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer correct-hors", "Basic correct-horse", "correct-horse"} {
		for _, path := range []string{"/alerts", "/alerts/a1/restore"} {
			a := s.call(t, http.MethodPost, path, body(t, "a1", alice), "Authorization", sent)
			assert.Equal(t, http.StatusUnauthorized, a.Status, "%q", sent)
			assert.Equal(t, "Bearer", a.Header.Get("WWW-Authenticate"))
		}
		assert.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/healthz", "", "Authorization", sent).Status)
	}
	a := s.call(t, http.MethodPost, "/alerts", body(t, "a1", alice), "Authorization", "bearer correct-horse", "Host", "quarantine.example.com")
	assert.Equal(t, http.StatusAccepted, a.Status, "with a token, any name of the service is accepted")
	s.done(t, "a1", actionQuarantine)
	assert.NotContains(t, s.log.String(), "correct-horse")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	damaged := filepath.Join(t.TempDir(), "alerts.db")
	require.NoError(t, os.WriteFile(damaged, []byte("cut short"), 0o600))
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":                  {[]string{"-help"}, 0, "SERVICE_TOKEN"},
		"nothing":               {nil, 2, "-config FILE is missing"},
		"unknown flag":          {[]string{"-port", "1"}, 2, "-port"},
		"argument":              {[]string{"-config", l.config, "x"}, 2, `unexpected argument "x"`},
		"no workers":            {[]string{"-config", l.config, "-workers", "0"}, 2, "-workers is 0"},
		"no queue":              {[]string{"-config", l.config, "-queue", "-1"}, 2, "-queue is -1"},
		"no connections":        {[]string{"-config", l.config, "-connections", "0"}, 2, "-connections is 0"},
		"negative grace":        {[]string{"-config", l.config, "-grace", "-1s"}, 2, "-grace is -1s"},
		"no time to settle":     {[]string{"-config", l.config, "-settle", "0s"}, 2, "-settle is 0s"},
		"no such configuration": {[]string{"-config", filepath.Join(l.dir, "none")}, 2, "none"},
		"unknown setting":       {[]string{"-config", l.write(t, "unknown.json", map[string]any{"mailbox": ""})}, 2, "mailbox is not a setting"},
		"no user":               {[]string{"-config", l.write(t, "ntlm.json", map[string]any{"authentication": map[string]string{"type": "ntlm", "username": ""}})}, 2, "authentication.username"},
		"wrong setting":         {[]string{"-config", l.write(t, "wrong.json", map[string]any{"access": "all"})}, 2, "access"},
		"open to all":           {[]string{"-config", l.config, "-addr", "0.0.0.0:0"}, 2, "set SERVICE_TOKEN in the environment"},
		"address":               {[]string{"-config", l.config, "-addr", "256.0.0.1:0"}, 1, "-addr"},
		"no roots":              {[]string{"-config", l.write(t, "roots.json", map[string]any{"rootCAFile": filepath.Join(l.dir, "none.pem")})}, 2, "rootCAFile"},
		"no directory":          {[]string{"-config", l.write(t, "directory.json", map[string]any{"journalFile": filepath.Join(l.dir, "none", "j")})}, 2, "create it"},
		"cut journal":           {[]string{"-config", l.write(t, "cut.json", map[string]any{"journalFile": damaged})}, 2, "ewsq recover -salvage"},
		"damaged alerts":        {[]string{"-config", l.config, "-data", filepath.Dir(damaged)}, 2, "Move the file away"},
		"data is a file":        {[]string{"-config", l.config, "-data", l.config}, 1, "-data"},
	} {
		t.Run(name, func(t *testing.T) {
			log := newWatched()
			status := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, tc.args...), nil, log, func(name string) (string, bool) { v, ok := l.env[name]; return v, ok })
			assert.Equal(t, tc.status, status, "%s", log)
			assert.Contains(t, log.String(), tc.want)
		})
	}
}

// A token that no caller could send is refused at the start.
func TestTokenThatCannotBeSent(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, token := range []string{"two words", "line\n", "café", strings.Repeat("x", 1001)} {
		l.env[envToken] = token
		log := newWatched()
		status := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-config", l.config}, nil, log, func(name string) (string, bool) { v, ok := l.env[name]; return v, ok })
		assert.Equal(t, 2, status)
		assert.Contains(t, log.String(), "SERVICE_TOKEN in the environment cannot be sent")
		assert.NotContains(t, log.String(), token)
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	log := newWatched()
	h := recovered(slog.New(slog.NewTextHandler(log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("holds a password")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/alerts/a1", nil))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Contains(t, log.String(), "refusal_test.go", "the log says where")
	assert.NotContains(t, log.String(), "holds a password")
	assert.NotContains(t, w.Body.String(), "password")
}

func FuzzReadOrder(f *testing.F) {
	f.Add("", `{"mailboxes":["alice@example.test"],"messageId":"<a@b>"}`)
	f.Add(`"incident-17"`, `{"mailboxes":["alice@example.test","ALICE@example.test"],"criteria":{"sender":"mallory@evil.example"},"reason":"x"}`)
	f.Add("k", `{"id":"k","mailboxes":["a@b"],"criteria":{"url":"https://evil.example/\u0000","receivedAfter":"2026-11-24T10:00:00+01:00"}}`)
	f.Add("..", `{"mailboxes":null}`)
	f.Add("", `{"mailboxes":["a@b"],"messageId":"<a@b>"}{}`)
	f.Fuzz(func(t *testing.T, key, text string) {
		o, err := readOrder(key, strings.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Regexp(t, validID, o.ID)
		require.NotEmpty(t, o.Mailboxes)
		for _, m := range o.Mailboxes {
			require.NoError(t, o.target(m).Validate())
		}
		require.True(t, o.same(&o))
	})
}
