package ews_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// largeItem is the size of the item in the benchmarks, in bytes.
const largeItem = 150 << 20

// BenchmarkStreams passes an item of 150 MB through the client in each of the
// ways that stream. heap-MB is how far the heap, including garbage, rose above
// its previous size: the server is in the same process and keeps nothing.
func BenchmarkStreams(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(streamHandler))
	defer srv.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", &ews.Options{Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	text := int64(largeItem) / 3 * 4
	for _, way := range []struct {
		name string
		size int64
		run  func() error
	}{
		{"OpenMIME", largeItem, func() error {
			m, err := c.OpenMIME(b.Context(), ews.ItemID{ID: "large"})
			if err != nil {
				return err
			}
			defer m.Close()
			return expectBytes(io.Copy(io.Discard, m))
		}},
		{"CreateItem", largeItem, func() error {
			_, err := c.CreateItem(b.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: zeros(largeItem, largeItem, false)})
			return err
		}},
		{"ExportItems", text, func() error {
			exports, err := c.ExportItems(b.Context(), []ews.ItemID{{ID: "large"}})
			if err != nil {
				return err
			}
			defer exports.Close()
			for exports.Next() {
				if n, err := io.Copy(io.Discard, exports.Reader()); err != nil || n != text {
					return fmt.Errorf("%d bytes: %w", n, err)
				}
			}
			return exports.Err()
		}},
		{"ExportItemsDecoded", text, func() error {
			exports, err := c.ExportItems(b.Context(), []ews.ItemID{{ID: "large"}})
			if err != nil {
				return err
			}
			defer exports.Close()
			exports.Next()
			return expectBytes(io.Copy(io.Discard, exports.Decoded()))
		}},
		{"UploadItems", text, func() error {
			results, err := c.UploadItems(b.Context(), []ews.UploadItem{{Parent: ews.FolderID{ID: "F"}, Data: zeros(text, -1, true)}})
			if err != nil {
				return err
			}
			return results.Err()
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(way.size)
			heap := watchHeap()
			for b.Loop() {
				if err := way.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(heap.stop(), "heap-MB")
		})
	}
}

func expectBytes(n int64, err error) error {
	if err == nil && n != largeItem {
		err = fmt.Errorf("%d bytes, want %d", n, largeItem)
	}
	return err
}

// zeros is content of a given size, generated while it is read.
func zeros(n, size int64, base64 bool) ews.Content {
	return ews.Content{
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(letters{}, n)), nil },
		Size:   size,
		Base64: base64,
	}
}

// letters is an endless stream of the letter A.
type letters struct{}

var letterBlock = []byte(strings.Repeat("A", 32<<10))

func (letters) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], letterBlock)
	}
	return n, nil
}

// streamHandler accepts any upload and returns any large content, holding
// neither in memory.
func streamHandler(w http.ResponseWriter, r *http.Request) {
	begin := make([]byte, 1024)
	n, _ := io.ReadFull(r.Body, begin)
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	const hole = "HOLE"
	var answer string
	switch request := string(begin[:n]); {
	case strings.Contains(request, "<m:GetItem>"):
		answer = response(ews.OpGetItem, success(ews.OpGetItem, `<m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">`+hole+`</t:MimeContent></t:Message></m:Items>`))
	case strings.Contains(request, "<m:ExportItems>"):
		answer = response(ews.OpExportItems, success(ews.OpExportItems, `<m:ItemId Id="large"/><m:Data>`+hole+`</m:Data>`))
	case strings.Contains(request, "<m:CreateItem "):
		answer = response(ews.OpCreateItem, success(ews.OpCreateItem, `<m:Items><t:Message><t:ItemId Id="new"/></t:Message></m:Items>`))
	default:
		answer = response(ews.OpUploadItems, success(ews.OpUploadItems, `<m:ItemId Id="new"/>`))
	}
	before, after, large := strings.Cut(soap(answer), hole)
	io.WriteString(w, before)
	if large {
		for left := largeItem / 3 * 4; left > 0; left -= len(letterBlock) {
			if _, err := w.Write(letterBlock[:min(left, len(letterBlock))]); err != nil {
				return
			}
		}
		io.WriteString(w, after)
	}
}

// heapWatch samples the heap until it is stopped.
type heapWatch struct {
	baseline uint64
	peak     atomic.Uint64
	end      chan struct{}
	ended    chan struct{}
}

func watchHeap() *heapWatch {
	runtime.GC()
	runtime.GC()
	w := &heapWatch{baseline: heapInUse(), end: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-w.end:
				return
			case <-ticker.C:
				w.peak.Store(max(w.peak.Load(), heapInUse()))
			}
		}
	}()
	return w
}

// stop returns how far the heap rose above the baseline, in MB.
func (w *heapWatch) stop() float64 {
	close(w.end)
	<-w.ended
	return float64(max(w.peak.Load(), w.baseline)-w.baseline) / (1 << 20)
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestStreamsKeepMemoryConstant checks the promise of BenchmarkStreams in go
// test, in the two ways in which a decoder or encoder could hold everything in
// memory.
func TestStreamsKeepMemoryConstant(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(streamHandler))
	defer srv.Close()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	if err != nil {
		t.Fatal(err)
	}
	heap := watchHeap()
	m, err := c.OpenMIME(t.Context(), ews.ItemID{ID: "large"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	_, err = c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: ews.Content{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(m), nil }, Size: largeItem,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if rise := heap.stop(); rise > 16 {
		t.Errorf("the heap rose by %.1f MB, want at most 16", rise)
	}
}
