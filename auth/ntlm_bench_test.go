package auth_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/go-ntlmssp"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

const (
	benchWorkers  = 64
	benchRequests = 10_000
)

// BenchmarkNTLM makes 10,000 requests of 4 KB from 64 goroutines over TLS with
// this package, and with plain go-ntlmssp over a shared transport. Besides the
// time, it reports per request how many errors and 401s the caller got and how
// many HTTP exchanges it took, and the total number of connections.
func BenchmarkNTLM(b *testing.B) {
	b.Run("auth.NTLM", func(b *testing.B) {
		benchmarkNTLM(b, func(e *exchange) http.RoundTripper { return e.ntlm(b, svc, nil) })
	})
	b.Run("auth.NTLM 8 connections", func(b *testing.B) {
		benchmarkNTLM(b, func(e *exchange) http.RoundTripper {
			return e.ntlm(b, svc, func(o *auth.NTLMOptions) { o.MaxConnections = 8 })
		})
	})
	b.Run("go-ntlmssp default transport", func(b *testing.B) {
		benchmarkNTLM(b, func(e *exchange) http.RoundTripper { return plainNTLM(b, e, http.DefaultMaxIdleConnsPerHost) })
	})
	b.Run("go-ntlmssp 64 idle connections", func(b *testing.B) {
		benchmarkNTLM(b, func(e *exchange) http.RoundTripper { return plainNTLM(b, e, benchWorkers) })
	})
}

// plainNTLM is go-ntlmssp used as in its documentation, over one transport.
func plainNTLM(b *testing.B, e *exchange, idle int) http.RoundTripper {
	base := transport(b, nil)
	base.TLSClientConfig.RootCAs = e.roots
	base.MaxIdleConnsPerHost = idle
	base.Protocols.SetHTTP2(false)
	return ntlmssp.Negotiator{RoundTripper: base}
}

func benchmarkNTLM(b *testing.B, client func(*exchange) http.RoundTripper) {
	body := bytes.Repeat([]byte("x"), 4096)
	var requests, errs, refused, roundTrips, connections int64
	for b.Loop() {
		e := newExchange(b, nil)
		failed, unauthorised := hammer(b, e, client(e), body)
		s := e.Stats()
		requests += benchRequests
		errs += failed
		refused += unauthorised
		roundTrips += s.Requests
		connections += s.Connections
		e.http.CloseClientConnections()
		e.http.Close()
	}
	b.ReportMetric(float64(errs)/float64(b.N), "errors")
	b.ReportMetric(float64(refused)/float64(b.N), "401s")
	b.ReportMetric(float64(roundTrips)/float64(requests), "roundtrips/req")
	b.ReportMetric(float64(connections)/float64(b.N), "connections")
}

// hammer makes the requests and counts those that failed.
func hammer(b *testing.B, e *exchange, rt http.RoundTripper, body []byte) (failed, unauthorised int64) {
	var errs, refused, next atomic.Int64
	var wg sync.WaitGroup
	for range benchWorkers {
		wg.Go(func() {
			for next.Add(1) <= benchRequests {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, e.url(), bytes.NewReader(body))
				if err != nil {
					errs.Add(1)
					continue
				}
				req.SetBasicAuth(svc, password) // go-ntlmssp takes them from there
				resp, err := rt.RoundTrip(req)
				if err != nil {
					errs.Add(1)
					continue
				}
				if resp.StatusCode != http.StatusOK {
					refused.Add(1)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	return errs.Load(), refused.Load()
}

// TestNTLMNumbers checks what the project promises: 64 goroutines, 10,000
// requests, no error, at most 1.02 round trips per request.
func TestNTLMNumbers(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	rt := e.ntlm(t, svc, nil)
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range benchWorkers {
		wg.Go(func() {
			for next.Add(1) <= benchRequests {
				if status, _, err := e.ask(t, rt, "x"); err != nil || status != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	s := rt.Stats()
	require.LessOrEqual(t, float64(s.RoundTrips)/benchRequests, 1.02)
	require.Equal(t, e.Stats().Requests, s.RoundTrips)
}
