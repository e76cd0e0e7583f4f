package fleet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

var benchMessages = flag.Int("fleet.messages", 2000, "messages, each in a mailbox of its own, of BenchmarkMemory")

// Memory limits of a worker: the total, and how much more is alive at the end of a campaign
// than after a quarter of it.
const (
	mostResident = 128 << 20
	mostGrowth   = 16 << 20
)

// BenchmarkMemory takes a large campaign with one worker, and measures what that keeps in
// memory: the mail server and the database are other processes. resident-MB is the peak of
// the process since the campaign was enqueued (on Linux).
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		l := newCampaignLab(b)
		url := startExchange(b, *benchMessages)
		order := fleet.Order{Campaign: "large"}
		for i := 1; i <= *benchMessages; i++ {
			order.Targets = append(order.Targets, quarantine.Target{Mailbox: fmt.Sprintf("user%05d@example.test", i), MessageID: fmt.Sprintf("<%05d.1@evil.example>", i)})
		}
		began := time.Now()
		if _, err := l.campaigns.Enqueue(b.Context(), order); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "enqueued-s")
		order.Targets = nil
		debug.FreeOSMemory()
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets VmHWM
		limiter, err := fleet.NewLimiter(l.pool, nil)
		if err != nil {
			b.Fatal(err)
		}
		router, err := exchange.OpenRouter([]exchange.Config{*l.config(b, func(c *exchange.Config) {
			c.EWSURL = url
			c.Throttling = exchange.Throttling{Concurrency: 27, Unlimited: true}
		})}, &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
			return &exchange.Options{Journal: l.journal, Limiter: limiter}
		}})
		if err != nil {
			b.Fatal(err)
		}
		w, err := fleet.NewWorkers(l.campaigns, router, nil)
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		b.StartTimer()
		if err := w.Start(ctx); err != nil {
			b.Fatal(err)
		}
		quarter := l.aliveAfter(b, *benchMessages/4)
		all := l.aliveAfter(b, *benchMessages)
		b.StopTimer()
		stop()
		<-w.Stopped()
		router.Close()
		resident := peakResident()
		b.ReportMetric(float64(quarter)/(1<<20), "alive-MB-after-a-quarter")
		b.ReportMetric(float64(all)/(1<<20), "alive-MB-at-the-end")
		b.ReportMetric(float64(resident)/(1<<20), "resident-MB")
		if all-quarter > mostGrowth {
			b.Errorf("%d bytes are alive at the end, %d after a quarter", all, quarter)
		}
		if resident > mostResident {
			b.Errorf("%d bytes were resident", resident)
		}
		b.StartTimer()
	}
}

// aliveAfter waits until a number of messages have been taken, and returns how much memory
// is then alive.
func (l *campaignLab) aliveAfter(b *testing.B, taken int) int64 {
	for {
		var n int
		if err := l.pool.QueryRow(b.Context(), `SELECT count(*) FROM fleet_targets WHERE settled AND taken > 0`).Scan(&n); err != nil {
			b.Fatal(err)
		}
		if n >= taken {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// peakResident returns the peak memory of the process, or 0 if the system does not provide
// it.
func peakResident() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// startExchange starts the test Exchange server as a separate process, with a message in
// each of a number of mailboxes, and returns its address.
func startExchange(b *testing.B, mailboxes int) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "exchange")
	build := exec.Command("go", "build", "-o", program, "./examples/exchange")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, "-addr", "127.0.0.1:0", "-fill", fmt.Sprintf("%dx1", mailboxes))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	var at struct{ URL string }
	if err := json.Unmarshal(line, &at); err != nil {
		b.Fatal(err)
	}
	return at.URL
}
