//go:build unix

package ews_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// BenchmarkTransfer passes an item of 150 MB from one HTTP connection to another:
// with ExportItems and UploadItems, passing on the base64 text, and with io.Copy
// of the same bytes. cpu-ms/op is the processor time of the whole process, in
// both cases including the servers' share.
func BenchmarkTransfer(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(streamHandler))
	defer srv.Close()
	source, target := &http.Transport{}, &http.Transport{}
	defer source.CloseIdleConnections()
	defer target.CloseIdleConnections()
	url := srv.URL + "/EWS/Exchange.asmx"

	b.Run("ews", func(b *testing.B) {
		from := newTransferClient(b, url, source)
		to := newTransferClient(b, url, target)
		measure(b, func() error { return transfer(b, from, to) })
	})
	b.Run("iocopy", func(b *testing.B) {
		from, to := &http.Client{Transport: source}, &http.Client{Transport: target}
		measure(b, func() error { return copyBody(b, from, to, url) })
	})
}

func newTransferClient(b *testing.B, url string, transport http.RoundTripper) *ews.Client {
	c, err := ews.NewClient(url, &ews.Options{Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// measure reports processor time and heap in addition to elapsed time.
func measure(b *testing.B, run func() error) {
	b.SetBytes(largeItem / 3 * 4)
	heap := watchHeap()
	before := cpuTime(b)
	for b.Loop() {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
	spent := cpuTime(b) - before
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(heap.stop(), "heap-MB")
}

func transfer(b *testing.B, from, to *ews.Client) error {
	exports, err := from.ExportItems(b.Context(), []ews.ItemID{{ID: "large"}})
	if err != nil {
		return err
	}
	defer exports.Close()
	for exports.Next() {
		results, err := to.UploadItems(b.Context(), []ews.UploadItem{{
			Parent: ews.FolderID{ID: "F"},
			Data: ews.Content{
				Open: func() (io.ReadCloser, error) { return io.NopCloser(exports.Reader()), nil }, Size: -1, Base64: true,
			},
		}})
		if err != nil {
			return err
		}
		if err := results.Err(); err != nil {
			return err
		}
	}
	return exports.Err()
}

const exportRequest = `<s:Envelope><s:Body><m:ExportItems></m:ExportItems></s:Body></s:Envelope>`

func copyBody(b *testing.B, from, to *http.Client, url string) error {
	resp, err := post(b, from, url, io.NopCloser(strings.NewReader(exportRequest)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// The transport copies its request body with io.Copy.
	answer, err := post(b, to, url, io.NopCloser(resp.Body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func post(b *testing.B, c *http.Client, url string, body io.ReadCloser) (*http.Response, error) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
