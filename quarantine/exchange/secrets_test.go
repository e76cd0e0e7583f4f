package exchange_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// If a server echoes the credentials, they appear in no error, receipt or log record,
// wherever it echoes them.
func TestSecretsAreNotEchoed(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t&PW"
	basic := base64.StdEncoding.EncodeToString([]byte(`EX\svc:` + secret))
	for name, answer := range map[string]func(h http.Header, sent string) (int, string){
		"401": func(h http.Header, sent string) (int, string) {
			h.Set("WWW-Authenticate", "Basic realm="+sent)
			return 401, sent
		},
		"page": func(_ http.Header, sent string) (int, string) {
			return 500, "<html><title>Error " + sent + " " + html.EscapeString(secret) + "</title><body>Authorization: " + sent + "</body></html>"
		},
		"headers": func(h http.Header, sent string) (int, string) {
			h.Set("X-Feserver", sent)
			h.Set("Request-Id", sent)
			h.Set("X-Ms-Diagnostics", secret)
			return 502, "Authorization: " + sent
		},
		"redirect": func(h http.Header, _ string) (int, string) {
			h.Set("Location", "https://svc:"+secret+"@evil.example/EWS?p="+secret)
			return 302, ""
		},
		"fault": func(_ http.Header, sent string) (int, string) {
			return 500, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>a:ErrorX</faultcode><faultstring>bad header ` +
				sent + html.EscapeString(" "+secret) + `</faultstring></s:Fault></s:Body></s:Envelope>`
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				cfg := exchange.Config{
					EWSURL: mailURL, QuarantineMailbox: vault,
					Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EX\svc`, Password: exchange.NewSecret(secret)},
				}
				service, err := exchange.Open(&cfg, &exchange.Options{
					Attempts: 1, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
					Transport: trip(func(r *http.Request) (*http.Response, error) {
						h := http.Header{}
						status, body := answer(h, r.Header.Get("Authorization"))
						return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
					}),
				})
				require.NoError(t, err)
				defer service.Close()
				target := quarantine.Target{Mailbox: alice, MessageID: evil}
				_, err = service.Find(t.Context(), target)
				require.Error(t, err)
				receipt, runErr := service.Quarantine(t.Context(), target)
				texts, jsonErr := json.Marshal(receipt)
				require.NoError(t, jsonErr)
				var all strings.Builder
				fmt.Fprintf(&all, "%s %v %v", texts, runErr, log.String())
				for e := err; e != nil; e = errors.Unwrap(e) {
					fmt.Fprintf(&all, "%v %+v %#v", e, e, e)
				}
				for _, part := range []string{secret, html.EscapeString(secret), basic, "s3cr3t"} {
					assert.NotContains(t, all.String(), part)
				}
			})
		})
	}
}

// The password of the account and its file are changed 100 times while 27 workers
// quarantine messages: none fails.
func TestPasswordFileChangesUnderLoad(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		require.NoError(t, os.WriteFile(file+".new", []byte("\uFEFF"+password+"\r\n"), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	box := srv.Mailbox(alice)
	set := func(password string) {
		srv.SetPassword(`EXAMPLE\svc`, password)
		write(password)
	}
	set("password 0")
	cfg := exchange.Config{
		EWSURL: srv.DirectURL(), AllowPlainHTTP: true, QuarantineMailbox: vault,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, PasswordFile: file},
	}
	var refused atomic.Int32
	works := make(chan struct{}, 1) // the current password has been accepted
	service, err := exchange.Open(&cfg, &exchange.Options{Attempts: 1, Transport: trip(func(r *http.Request) (*http.Response, error) {
		resp, err := srv.Direct().RoundTrip(r)
		switch {
		case err != nil:
		case resp.StatusCode == http.StatusUnauthorized:
			refused.Add(1)
		default:
			select {
			case works <- struct{}{}:
			default:
			}
		}
		return resp, err
	})})
	require.NoError(t, err)
	defer service.Close()
	const workers, changes = 27, 100
	var changed atomic.Int32
	for i := range 2 * workers {
		box.Deliver(fmt.Appendf(nil, "Message-ID: <m%d@evil.test>\r\nSubject: x\r\n\r\ny\r\n", i))
	}
	require.NoError(t, find(t, service), "the password has worked")
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := 0; i < 2 || changed.Load() < changes; i++ { // messages taken already are looked for again
				receipt, err := service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: fmt.Sprintf("<m%d@evil.test>", 2*w+i%2)})
				if assert.NoError(t, err) {
					assert.NoError(t, receipt.Err())
				}
			}
		})
	}
	for i := range changes {
		<-works
		set(fmt.Sprintf("password %d", i+1))
		changed.Add(1)
	}
	wg.Wait()
	assert.Positive(t, refused.Load())
	assert.LessOrEqual(t, refused.Load(), int32(changes*workers), "no more than what is on its way when it changes")
}

// A search that was refused is made again when there is another password.
func TestDiscoverAgainWithAnotherPassword(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	password := "wrong-password"
	s.cfg.Authentication.Password = exchange.Secret{}
	s.cfg.Authentication.PasswordFunc = func(context.Context) (string, error) { return password, nil }
	service := s.open(t)
	require.ErrorContains(t, find(t, service), "refused the credentials")
	s.taken()
	require.Error(t, find(t, service))
	assert.Empty(t, s.taken(), "the same one is not tried again")
	password = "svc-password"
	require.NoError(t, find(t, service))
}

// A missing file is reported when the configuration is opened.
func TestPasswordFileMissing(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	s.cfg.Authentication.Password, s.cfg.Authentication.PasswordFile = exchange.Secret{}, filepath.Join(t.TempDir(), "missing")
	_, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.internet})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "authentication.passwordFile")
	assert.ErrorContains(t, err, "correct the path")
}

// No configuration that can be printed contains the password of a URL.
func TestURLWithPassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"ewsUrl":"https://svc:s3cr3tPW@h/EWS/Exchange.asmx"}`, `{"ewsUrl":"https://svc:s3cr3tPW%zz@h"}`, `[{"name":"one"},{"name":"two","ewsUrl":"//svc:s3cr3tPW@h"}]`,
		`{"authentication":{"authenticationEndpoint":"https://svc:s3cr3tPW@login.windows.net"}}`,
	} {
		configs, err := exchange.ParseConfigs(strings.NewReader(text))
		require.ErrorIs(t, err, quarantine.ErrInvalid, text)
		assert.ErrorContains(t, err, "contains a user name or password")
		assert.NotContains(t, fmt.Sprintf("%+v %v", configs, err), "s3cr3tPW")
	}
	_, err := exchange.ParseConfigs(strings.NewReader(`{"ewsUrl":"https://h/EWS/a@b"}`))
	require.NoError(t, err)
}

func TestPasswordFileRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		content string
		want    string
	}{
		"empty": {"\n", "is empty"}, "lines": {"s3cr3tPW\nuser\n", "more than one line"}, "UTF-16": {"\xff\xfes\x00", "not UTF-8"}, "large": {strings.Repeat("s3cr3tPW", 1000), "larger than 4 KiB"},
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(tc.content), 0o600))
		synctest.Test(t, func(t *testing.T) { // reads are repeated
			s := newDiscoverScene(t, exchange.FullAccess)
			s.cfg.EWSURL = mailURL
			s.cfg.Authentication.Password, s.cfg.Authentication.PasswordFile = exchange.Secret{}, file
			refuses := func(err error) {
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, "authentication.passwordFile")
				assert.NotContains(t, err.Error(), "s3cr3tPW")
			}
			_, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.internet})
			refuses(err)
			require.NoError(t, os.WriteFile(file, []byte("svc-password"), 0o600))
			service := s.open(t)
			require.NoError(t, os.WriteFile(file, []byte(tc.content), 0o600))
			refuses(find(t, service))
			assert.Empty(t, s.taken())
		})
	}
}
