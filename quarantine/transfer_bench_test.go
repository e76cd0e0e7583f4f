//go:build unix

package quarantine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// exportSize is the size of the item that BenchmarkTransfer carries: 150 MB, or
// 200 MB in base64.
const exportSize = 150 << 20

// BenchmarkTransfer carries an item of 150 MB by way 2, and copies as many bytes
// through the same two HTTP connections with io.Copy. cpu-ms/op is the processor
// time of the whole process, including the servers' part in both cases; heap-MB
// is how far the heap rose.
func BenchmarkTransfer(b *testing.B) {
	b.Run("way2", func(b *testing.B) {
		srv := newPipeServer(b)
		client, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", &ews.Options{Transport: srv.Client().Transport})
		if err != nil {
			b.Fatal(err)
		}
		s, err := ewsmail.NewImpersonation(client, nil)
		if err != nil {
			b.Fatal(err)
		}
		carriage := driver.Carriage{
			From: s.Mailbox(alice), Item: driver.Item{ID: "large"},
			To: s.Mailbox(vault), Folder: driver.Folder{ID: "folder"},
		}
		measureTransfer(b, func(ctx context.Context) error {
			carried, err := s.Carry(ctx, carriage)
			if err == nil && carried.Way != quarantine.WayTransfer {
				err = fmt.Errorf("carried by %s", carried.Way)
			}
			return err
		})
	})
	b.Run("iocopy", func(b *testing.B) {
		srv := newPipeServer(b)
		measureTransfer(b, func(ctx context.Context) error {
			export, err := postTo(ctx, srv, strings.NewReader("<m:ExportItems>"))
			if err != nil {
				return err
			}
			defer export.Body.Close()
			r, w := io.Pipe()
			go func() {
				_, err := io.Copy(w, export.Body)
				w.CloseWithError(err)
			}()
			upload, err := postTo(ctx, srv, r)
			if err != nil {
				return err
			}
			return upload.Body.Close()
		})
	})
}

func postTo(ctx context.Context, srv *httptest.Server, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, body)
	if err != nil {
		return nil, err
	}
	return srv.Client().Do(request)
}

// newPipeServer returns a server that exports one large item, and counts what it
// is sent, keeping neither.
func newPipeServer(b *testing.B) *httptest.Server {
	const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">` +
		`<s:Body><m:%[1]sResponse><m:ResponseMessages><m:%[1]sResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
		`<m:ItemId Id="large"/>%[2]s</m:%[1]sResponseMessage></m:ResponseMessages></m:%[1]sResponse></s:Body></s:Envelope>`
	block := []byte(strings.Repeat("QUJD", 16<<10))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := make([]byte, 2048)
		n, _ := io.ReadFull(r.Body, head)
		got, _ := io.Copy(io.Discard, r.Body)
		if !strings.Contains(string(head[:n]), "<m:ExportItems>") {
			if want := int64(exportSize / 3 * 4); got+int64(n) < want {
				b.Errorf("uploaded %d bytes, want at least %d", got, want)
			}
			fmt.Fprintf(w, envelope, "UploadItems", "")
			return
		}
		before, after, _ := strings.Cut(fmt.Sprintf(envelope, "ExportItems", "<m:Data>|</m:Data>"), "|")
		io.WriteString(w, before)
		for left := exportSize / 3 * 4; left > 0; left -= len(block) {
			w.Write(block[:min(left, len(block))])
		}
		io.WriteString(w, after)
	}))
	b.Cleanup(srv.Close)
	return srv
}

func measureTransfer(b *testing.B, run func(context.Context) error) {
	b.SetBytes(exportSize / 3 * 4)
	b.ReportAllocs()
	heap := watchHeap()
	before := processorTime(b)
	for b.Loop() {
		if err := run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(heap(), "heap-MB")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchHeap samples the heap until the function it returns is called, which
// returns the maximum rise in megabytes.
func watchHeap() func() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, peak := m.HeapAlloc, m.HeapAlloc
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	})
	return func() float64 {
		close(stop)
		wg.Wait()
		return float64(peak-base) / (1 << 20)
	}
}
