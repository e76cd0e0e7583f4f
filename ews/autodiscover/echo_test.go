package autodiscover_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// halves returns the parts of a secret that a text must not contain.
func halves(secret string) (all []string) {
	const long = 6
	for i := 0; i+long <= len(secret); i++ {
		all = append(all, secret[i:i+long])
	}
	return all
}

// What a server echoes is struck out before its text is shortened or taken apart: no
// error contains half a password.
func TestEchoIsCutInTwo(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-passw0rd-0f-24-ch"
	type servers = map[string]http.HandlerFunc
	at := func(h http.HandlerFunc) *internet { return &internet{servers: servers{apex: h}} }
	inJSON := func(code, message string) string {
		text, _ := json.Marshal(map[string]string{"ErrorCode": code, "ErrorMessage": message})
		return string(text)
	}
	host := func(before string) string {
		for i := 50; i < len(before); i += 50 {
			before = before[:i-1] + "." + before[i:]
		}
		return before + "." + secret + ".evil.test"
	}
	for name, world := range map[string]func(before string) *internet{
		"message": func(b string) *internet {
			return at(exchange(strings.ReplaceAll(user("InvalidUser", ""), "Text.", b+secret), ""))
		},
		"code": func(b string) *internet { return at(exchange(user(b+secret, ""), "")) },
		"fault": func(b string) *internet {
			return at(exchange(soapAnswer("<s:Fault><faultcode>a:X</faultcode><faultstring>"+b+secret+"</faultstring></s:Fault>"), ""))
		},
		"JSON code":    func(b string) *internet { return at(exchange(user("InvalidUser", ""), inJSON(b+secret, "x"))) },
		"JSON message": func(b string) *internet { return at(exchange(user("InvalidUser", ""), inJSON("x", b+secret))) },
		"RedirectUrl":  func(b string) *internet { return at(exchange(user("RedirectUrl", "http://evil.test/"+b+secret), "")) },
		"no URL":       func(b string) *internet { return at(exchange(user("RedirectUrl", "%zz"+b+secret), "")) },
		"address":      func(b string) *internet { return at(exchange(user("RedirectAddress", b+" "+secret), "")) },
		"EWS URL":      func(b string) *internet { return at(exchange(external("http://mail.example.com/"+b+secret), "")) },
		"query":        func(b string) *internet { return at(exchange(external("https://mail.example.com/"+b+secret+"?x"), "")) },
		"EWS host":     func(b string) *internet { return at(exchange(external("https://"+host(b)+"/EWS/x.asmx"), "")) },
		"JSON host": func(b string) *internet {
			return at(exchange(user("InvalidUser", ""), answerJSON("https://"+host(b)+"/EWS/x.asmx")))
		},
		"redirect": func(b string) *internet {
			return at(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" {
					exchange("", "")(w, r)
					return
				}
				redirect("http://evil.test/"+b+secret)(w, r)
			})
		},
		"redirect to a host": func(b string) *internet {
			return at(exchange(user("RedirectUrl", "https://"+host(b)+"/"), ""))
		},
		"redirect to itself": func(b string) *internet {
			return at(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" {
					exchange("", "")(w, r)
					return
				}
				redirect("/"+b+secret)(w, r)
			})
		},
		"SRV record": func(b string) *internet {
			return &internet{
				servers: servers{apex: exchange(user("InvalidUser", ""), "")},
				records: map[string][]*net.SRV{"_autodiscover._tcp.example.com": {{Target: b + " " + secret, Port: 443}}},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, length := range []int{5, 160, 170, 180, 190, 195} {
				var sent redact.Secrets
				sent.Add("svc", secret)
				n := world(strings.Repeat("x", length))
				_, err := n.client(t, func(o *autodiscover.Options) {
					o.Transport = func(host string) http.RoundTripper { return announcing{signingIn{n, host}, &sent} }
				}).Lookup(t.Context(), alice)
				require.Error(t, err)
				var text strings.Builder
				fmt.Fprintf(&text, "%v %+v %#v", err, err, err)
				if host, ok := errors.AsType[*autodiscover.HostError](err); ok {
					text.WriteString(host.Host + host.Error())
				}
				e, ok := errors.AsType[*autodiscover.Error](err)
				require.True(t, ok)
				for _, a := range e.Attempts {
					for err := a.Err; err != nil; err = errors.Unwrap(err) {
						fmt.Fprintf(&text, "%v %+v %#v", err, err, err)
					}
					text.WriteString(a.URL)
				}
				for _, half := range halves(secret) {
					require.NotContains(t, text.String(), half, length)
				}
				if length == 5 {
					require.Contains(t, text.String(), "[redacted]")
				}
			}
		})
	}
}

// The cause of a broken connection is shortened, too, and a path is cut where its query
// begins.
func TestEchoInOtherPlaces(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]string{
		"long":     strings.Repeat("x", 170) + "S3cret?Passw0rd-0f-24-ch",
		"in a URL": "https://mail.example.com/S3cret?Passw0rd-0f-24-ch",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent redact.Secrets
			sent.Add("svc", "S3cret?Passw0rd-0f-24-ch")
			n := &internet{servers: map[string]http.HandlerFunc{apex: func(w http.ResponseWriter, r *http.Request) {
				if name == "in a URL" && r.Header.Get("Authorization") != "" {
					redirect("/S3cret?Passw0rd-0f-24-ch")(w, r)
					return
				}
				exchange("", "")(w, r)
			}}}
			if name == "long" {
				n.refused = errors.New("malformed HTTP response " + refused)
			}
			_, err := n.client(t, func(o *autodiscover.Options) {
				o.Transport = func(host string) http.RoundTripper { return announcing{signingIn{n, host}, &sent} }
			}).Lookup(t.Context(), alice)
			require.Error(t, err)
			for _, half := range halves("S3cret?Passw0rd-0f-24-ch") {
				assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), half)
			}
		})
	}
}

// A URL that is used and a code that is known are left as they are, whatever the
// password.
func TestUsedURLIsNotStruck(t *testing.T) {
	t.Parallel()
	var sent redact.Secrets
	for _, word := range []string{"mail", "example", "Exchange", "ServerBusy"} {
		sent.Add("svc", word)
	}
	for _, answer := range []string{external(ews), ""} {
		n := &internet{servers: map[string]http.HandlerFunc{apex: exchange(answer, answerJSON(ews))}}
		found, err := n.client(t, func(o *autodiscover.Options) {
			o.Transport = func(host string) http.RoundTripper { return announcing{signingIn{n, host}, &sent} }
		}).EWSURL(t.Context(), alice)
		require.NoError(t, err)
		assert.Equal(t, ews, found)
	}
	n := &internet{servers: map[string]http.HandlerFunc{apex: exchange(user("ServerBusy", ""), "")}}
	_, err := n.client(t, func(o *autodiscover.Options) {
		o.Transport = func(host string) http.RoundTripper { return announcing{signingIn{n, host}, &sent} }
	}).EWSURL(t.Context(), alice)
	e, ok := errors.AsType[*autodiscover.Error](err)
	require.True(t, ok)
	assert.True(t, e.Temporary())
}

// The password of a proxy is known although its transport does not report it.
func TestProxyEcho(t *testing.T) {
	t.Parallel()
	proxy, err := url.Parse("http://svc:pr0xyPW@127.0.0.1:1/")
	require.NoError(t, err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	proxy.Host = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 pr0xyPW\r\n\r\n"))
			_ = c.Close()
		}
	}()
	n := &internet{}
	_, err = n.client(t, func(o *autodiscover.Options) {
		o.Anonymous = &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}
	}).EWSURL(t.Context(), alice)
	require.ErrorContains(t, err, `malformed HTTP status code "[redacted]"`)
	assert.NotContains(t, err.Error(), "pr0xyPW")
}
