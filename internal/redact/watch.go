package redact

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Watch collects the secrets of the transports that a request passes through. Its methods
// can be called concurrently.
type Watch struct {
	own     Secrets // secrets in headers that the client saw itself
	cookies Secrets

	mu   sync.Mutex
	from []*Secrets
	sent []string // names of the headers of the request as made by the client
}

type watchKey struct{}

// Watching returns a context for a request, and the Watch to which its transports
// announce their secrets.
func Watching(ctx context.Context) (context.Context, *Watch) {
	w := new(Watch)
	return context.WithValue(ctx, watchKey{}, w), w
}

// Announce tells the client of a request which secrets are sent with it.
func (s *Secrets) Announce(ctx context.Context) {
	w, ok := ctx.Value(watchKey{}).(*Watch)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.from, s) {
		w.from = append(w.from, s)
	}
}

// Sends adds the credentials in the headers of a request that a client is about to give
// to a transport.
func (w *Watch) Sends(req *http.Request) {
	names := make([]string, 0, len(req.Header))
	for name, values := range req.Header {
		if values != nil {
			names = append(names, name)
		}
	}
	w.mu.Lock()
	w.sent = names
	w.mu.Unlock()
	w.saw(req)
}

// SawRequest adds the credentials in the headers of a request, as a transport sent it.
// Transports that do not know this package expose that request in the response.
func (w *Watch) SawRequest(req *http.Request) {
	if req == nil {
		return
	}
	w.mu.Lock()
	before := w.sent
	w.mu.Unlock()
	w.own.addHeaders(req.Header, func(name string) bool { return slices.Contains(before, name) })
	w.saw(req)
}

func (w *Watch) saw(req *http.Request) {
	w.mu.Lock()
	announced := slices.Clone(w.from)
	w.mu.Unlock()
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		for _, value := range req.Header.Values(name) {
			w.own.addAuthorization(value, announced)
		}
	}
	w.sawCookies(req.Cookies())
}

// SendsTo adds the values in the query of a URL that is itself a secret.
func (w *Watch) SendsTo(u *url.URL) {
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, raw, _ := strings.Cut(pair, "=")
		if len(raw) < shortest {
			continue
		}
		w.own.AddToken(raw)
		if plain, err := url.QueryUnescape(raw); err == nil && plain != raw {
			w.own.AddToken(plain)
		}
	}
}

// SawResponse adds the cookies that a response sets: the page that comes with them may
// show them.
func (w *Watch) SawResponse(resp *http.Response) { w.sawCookies(resp.Cookies()) }

// shortestCookie is the length from which a cookie is treated as a secret. Shorter ones
// are settings, and occur in other texts. Session identifiers are longer: 24 characters
// with ASP.NET, 26 or more with PHP, 32 with Java.
const shortestCookie = 16

func (w *Watch) sawCookies(all []*http.Cookie) {
	for _, c := range all {
		if len(c.Value) >= shortestCookie {
			w.cookies.AddToken(c.Value)
		}
	}
}

// SawTransport adds the password of the proxy that a transport uses for a request, if it
// is a net/http transport and there is a password.
func (w *Watch) SawTransport(rt http.RoundTripper, req *http.Request) { w.own.AddProxy(rt, req) }

// Strike returns a text from the other side without the secrets.
func (w *Watch) Strike(text string) string { return strike(text, w.all()...) }

// Error returns an error without the secrets in its text. It matches what err matches.
func (w *Watch) Error(err error) error { return struckError(err, w.all()...) }

func (w *Watch) all() []*Secrets {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*Secrets{&w.own, &w.cookies}, w.from...)
}
