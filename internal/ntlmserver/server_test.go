package ntlmserver_test

import (
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/go-ntlmssp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

// bench is a server with one account and a client with one connection.
type bench struct {
	*testing.T
	server *ntlmserver.Server
	url    string
	client *http.Client
	causes *[]string
}

func setup(t *testing.T, change func(*ntlmserver.Options)) *bench {
	causes := new([]string)
	opts := ntlmserver.Options{
		Password: func(domain, user string) (string, bool) {
			return "pass", domain == "EXAMPLE" && user == "svc" || domain == "" && user == "svc@example.test"
		},
		OnRefusal: func(_ ntlmserver.User, err error) { *causes = append(*causes, err.Error()) },
	}
	if change != nil {
		change(&opts)
	}
	s, err := ntlmserver.New(opts)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := ntlmserver.UserFrom(r.Context())
		_, _ = io.WriteString(w, user.String()+r.Header.Get("Authorization"))
	})))
	srv.Config.ConnContext = s.ConnContext
	srv.Start()
	t.Cleanup(srv.Close)
	return &bench{T: t, server: s, url: srv.URL, client: srv.Client(), causes: causes}
}

func (b *bench) send(authorization string) (int, http.Header, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.url, nil)
	require.NoError(b, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := b.client.Do(req)
	require.NoError(b, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	return resp.StatusCode, resp.Header, string(body)
}

func (b *bench) challenge(scheme string) []byte {
	b.Helper()
	msg, err := ntlmssp.NewNegotiateMessage("", "")
	require.NoError(b, err)
	msg[12] |= 4 // NTLMSSP_REQUEST_TARGET
	status, header, _ := b.send(scheme + " " + base64.StdEncoding.EncodeToString(msg))
	require.Equal(b, http.StatusUnauthorized, status)
	token, ok := strings.CutPrefix(header.Get("WWW-Authenticate"), scheme+" ")
	require.True(b, ok, header)
	challenge, err := base64.StdEncoding.DecodeString(token)
	require.NoError(b, err)
	return challenge
}

func (b *bench) authenticate(scheme, user, password string) (int, http.Header, string) {
	b.Helper()
	msg, err := ntlmssp.NewAuthenticateMessage(b.challenge(scheme), user, password, nil)
	require.NoError(b, err)
	return b.send(scheme + " " + base64.StdEncoding.EncodeToString(msg))
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"NTLM", "Negotiate"} {
		for _, user := range []string{`EXAMPLE\svc`, "svc@example.test"} {
			t.Run(scheme+" "+user, func(t *testing.T) {
				t.Parallel()
				b := setup(t, nil)
				status, header, _ := b.send("")
				assert.Equal(t, http.StatusUnauthorized, status)
				assert.Equal(t, []string{"Negotiate", "NTLM"}, header.Values("WWW-Authenticate"))

				status, _, body := b.authenticate(scheme, user, "pass")
				assert.Equal(t, http.StatusOK, status, *b.causes)
				assert.Equal(t, user, body)
				status, _, body = b.send("")
				assert.Equal(t, http.StatusOK, status, "the connection is authenticated")
				assert.Equal(t, user, body)
				assert.Equal(t, ntlmserver.Stats{Connections: 1, Requests: 4, Challenges: 1, Handshakes: 1}, b.server.Stats())

				b.client.CloseIdleConnections()
				status, _, _ = b.send("")
				assert.Equal(t, http.StatusUnauthorized, status, "another one is not")
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ user, password, cause string }{
		"password": {`EXAMPLE\svc`, "wrong", "wrong password"},
		"user":     {`EXAMPLE\bob`, "pass", "no such account"},
		"domain":   {`OTHER\svc`, "pass", "no such account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			status, header, _ := b.authenticate("NTLM", tc.user, tc.password)
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.Equal(t, []string{"Negotiate", "NTLM"}, header.Values("WWW-Authenticate"))
			assert.Equal(t, []string{tc.cause}, *b.causes)
			assert.EqualValues(t, 1, b.server.Stats().Refusals)
			status, _, _ = b.authenticate("NTLM", `EXAMPLE\svc`, "pass")
			assert.Equal(t, http.StatusOK, status)
		})
	}
}

func TestAnAnswerCountsOnceAndOnItsConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	msg, err := ntlmssp.NewAuthenticateMessage(b.challenge("NTLM"), `EXAMPLE\svc`, "pass", nil)
	require.NoError(t, err)
	answer := "NTLM " + base64.StdEncoding.EncodeToString(msg)
	status, _, _ := b.send(answer)
	assert.Equal(t, http.StatusOK, status)
	status, _, _ = b.send(answer)
	assert.Equal(t, http.StatusUnauthorized, status, "replayed")
	b.client.CloseIdleConnections()
	status, _, _ = b.send(answer)
	assert.Equal(t, http.StatusUnauthorized, status, "replayed elsewhere")
}

func TestASecondHandshake(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for range 2 {
		status, _, _ := b.authenticate("NTLM", `EXAMPLE\svc`, "pass")
		assert.Equal(t, http.StatusOK, status)
	}
	b = setup(t, func(o *ntlmserver.Options) { o.OneHandshake = true })
	b.authenticate("NTLM", `EXAMPLE\svc`, "pass")
	msg, err := ntlmssp.NewNegotiateMessage("", "")
	require.NoError(t, err)
	status, header, _ := b.send("NTLM " + base64.StdEncoding.EncodeToString(msg))
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, "Negotiate", header.Get("WWW-Authenticate"))
}

// TestBodiesWithTheFirstMessage: clients send complete requests even while they sign in,
// and net/http closes a connection whose request was left unread.
func TestBodiesWithTheFirstMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	body := strings.Repeat("x", 1<<20)
	post := func(msg []byte) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "NTLM "+base64.StdEncoding.EncodeToString(msg))
		resp, err := b.client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header.Get("WWW-Authenticate")
	}
	msg, err := ntlmssp.NewNegotiateMessage("", "")
	require.NoError(t, err)
	_, header := post(msg)
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "NTLM "))
	require.NoError(t, err)
	msg, err = ntlmssp.NewAuthenticateMessage(challenge, `EXAMPLE\svc`, "pass", nil)
	require.NoError(t, err)
	status, _ := post(msg)
	assert.Equal(t, http.StatusOK, status, *b.causes)
	assert.EqualValues(t, 1, b.server.Stats().Connections)
}

func TestWhatIsNoNTLM(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *ntlmserver.Options) { o.Schemes = []string{"NTLM"} })
	for _, header := range []string{
		"Basic c3ZjOnBhc3M=", "Negotiate " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x01\x00\x00\x00")), "NTLM", "NTLM !!!", "NTLM AAAA",
		"NTLM " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x01\x00\x00\x00")),
		"NTLM " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x02\x00\x00\x00")),
		"NTLM " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x03\x00\x00\x00")),
	} {
		status, got, _ := b.send(header)
		assert.Equal(t, http.StatusUnauthorized, status, header)
		assert.Equal(t, []string{"NTLM"}, got.Values("WWW-Authenticate"))
	}
	assert.Equal(t, []string{"NTLM"}, b.server.Schemes())
}

func TestHandles(t *testing.T) {
	t.Parallel()
	s, err := ntlmserver.New(ntlmserver.Options{Password: func(string, string) (string, bool) { return "", false }})
	require.NoError(t, err)
	for header, want := range map[string]bool{"": false, "Basic x": false, "Bearer x": false, "ntlm x": true, "Negotiate x": true} {
		r := httptest.NewRequestWithContext(s.ConnContext(t.Context(), nil), http.MethodPost, "/", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		assert.Equal(t, want, s.Handles(r), header)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	assert.False(t, s.Handles(r))
	w := httptest.NewRecorder()
	_, ok := s.Authenticate(w, r)
	assert.False(t, ok)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Contains(t, w.Body.String(), "ConnContext")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := ntlmserver.New(ntlmserver.Options{})
	require.ErrorContains(t, err, "Password")
	_, err = ntlmserver.New(ntlmserver.Options{
		Password:   func(string, string) (string, bool) { return "", false },
		Protection: ntlmserver.ProtectionAccept,
	})
	require.ErrorContains(t, err, "Certificate")
	_, err = ntlmserver.ChannelBinding(&x509.Certificate{SignatureAlgorithm: x509.PureEd25519})
	require.ErrorContains(t, err, "Ed25519")
}
