package understood_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

const reportHeader = "From: alice@example.test\r\nSubject: FW: Invoice\r\nMessage-ID: <r@example.test>\r\nMIME-Version: 1.0\r\n"

// largeReport writes a report with a message that has a file of a size, and gives the peak
// of the heap a chance to show.
func largeReport(w io.Writer, size int) error {
	_, err := io.WriteString(w, reportHeader+"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"+
		"From: billing@evil.example\r\nMessage-ID: <7@evil.example>\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"+
		"--i\r\nContent-Type: text/html\r\n\r\n<a href=\"https://lure.example/\">pay</a>\r\n"+
		"--i\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("pdf"), 19)) + "\r\n")
	for n := 0; n < size && err == nil; n += len(line) {
		_, err = w.Write(line)
	}
	if err == nil {
		_, err = io.WriteString(w, "--i--\r\n--o--\r\n")
	}
	return err
}

var whole = flag.Bool("whole", false, "read as much as the largest reports have")

// TestLargeReport checks the heap: neither a large attachment nor a large text is kept.
func TestLargeReport(t *testing.T) { // not parallel: it measures the heap
	size := 10 << 20
	if *whole {
		size = 40 << 20
	}
	for name, write := range map[string]func(io.Writer) error{
		"attachment": func(w io.Writer) error { return largeReport(w, size) },
		"text": func(w io.Writer) error {
			_, err := io.WriteString(w, reportHeader+"\r\nFrom: billing@evil.example\r\nSent: 24 November 2026 9:15\r\nSubject: Your invoice\r\n\r\n")
			for n := 0; n < size && err == nil; n += 64 {
				_, err = fmt.Fprintf(w, "https://lure.example/%0*d\r\n", 41, n)
			}
			return err
		},
	} {
		r, w := io.Pipe()
		go func() { w.CloseWithError(write(w)) }()
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		var peak uint64
		read := 0
		got, err := understood.Parse(readerFunc(func(p []byte) (int, error) {
			n, err := r.Read(p)
			if read += n; read > size/8 {
				read = 0
				runtime.GC() // what is left is kept
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
			return n, err
		}))
		require.NoError(t, err)
		require.Len(t, got.Messages, 1, name)
		t.Logf("%s: %d KiB kept at most while %d MiB were read", name, (int64(peak)-int64(before.HeapAlloc))/1024, size>>20)
		assert.Less(t, int64(peak)-int64(before.HeapAlloc), int64(size/8), name)
		if name == "text" {
			assert.NotEmpty(t, got.Incomplete, "not all links are kept, and it says so")
		} else {
			assert.Equal(t, "<7@evil.example>", got.Messages[0].MessageID)
			require.Len(t, got.Messages[0].Attachments, 1)
			assert.InDelta(t, size*3/4, got.Messages[0].Attachments[0].Size, float64(size/16))
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestBounds has reports that name more than is kept: parsing ends and says so, and what
// was read first is kept.
func TestBounds(t *testing.T) {
	t.Parallel()
	attached := "Content-Type: message/rfc822\r\n\r\nFrom: m@evil.example\r\nSubject: x\r\nMessage-ID: <%d@evil.example>\r\n\r\nhello\r\n"
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(reportHeader + "Content-Type: multipart/mixed; boundary=o\r\n\r\n")
		for i := range n {
			fmt.Fprintf(&b, "--o\r\n"+attached, i)
		}
		return b.String() + "--o--\r\n"
	}
	var deep strings.Builder
	deep.WriteString(reportHeader)
	for range 100 {
		deep.WriteString("Content-Type: message/rfc822\r\n\r\nMessage-ID: <deep@evil.example>\r\n")
	}
	for name, c := range map[string]struct {
		report   string
		messages int
	}{
		"too many messages": {many(300), 200},
		"too many parts":    {many(12_000), 200},
		"too deep":          {deep.String(), 1},
		"a long header":     {reportHeader + "Content-Type: message/rfc822\r\n\r\nTo: " + strings.Repeat("a@b.example, ", 60_000) + "\r\nMessage-ID: <x@evil.example>\r\n\r\n", 1},
		"a long id":         {reportHeader + "Content-Type: message/rfc822\r\n\r\nMessage-ID: <" + strings.Repeat("a", 5000) + "@evil.example>\r\n\r\n", 1},
		"many recipients":   {reportHeader + "Content-Type: message/rfc822\r\n\r\nTo: " + strings.Repeat("a@b.example, ", 10_000) + "\r\n\r\n", 1},
	} {
		got, err := understood.Parse(strings.NewReader(c.report))
		require.NoError(t, err, name)
		assert.Len(t, got.Messages, c.messages, name)
		assert.NotEmpty(t, got.Incomplete, name)
		if c.messages == 200 {
			assert.Equal(t, "<0@evil.example>", got.Messages[0].MessageID, name)
		}
	}
}

// TestEndsSoon has reports that would take minutes if each line were compared with all of
// the others.
func TestEndsSoon(t *testing.T) {
	t.Parallel()
	page := reportHeader + "Content-Type: text/html\r\n\r\n"
	plain := reportHeader + "Content-Type: text/plain\r\n\r\n"
	for name, report := range map[string]string{
		"fields and labels":  strings.Repeat("A: b\r\n", 50_000) + plain + strings.Repeat("Message-ID: <a>\r\n", 13_000),
		"links in links":     page + strings.Repeat(`<a href="mailto:m@evil.example">`, 1000) + strings.Repeat("text ", 30_000) + strings.Repeat("</a>", 1000),
		"cells in cells":     page + strings.Repeat("<td>", 20_000) + strings.Repeat("a ", 40_000) + strings.Repeat("</td>", 20_000),
		"an endless quote":   plain + strings.Repeat(">", 100_000) + strings.Repeat("> x\r\n", 40_000),
		"lines of addresses": plain + strings.Repeat("on 24 November 2026 m@evil.example wrote\r\n", 6_000),
		"the subject always": strings.Replace(plain, "FW: Invoice", "FW: "+strings.Repeat("FW: ", 900)+"x", 1) + strings.Repeat("y: "+strings.Repeat("fw: ", 900)+"x\r\n", 70),
		"marks of brackets":  strings.Replace(plain, "FW: Invoice", strings.Repeat("[x] ", 1000)+"x", 1) + strings.Repeat("z: x\r\n", 30_000),
		"deep JSON":          plain + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"damaged labels":     plain + strings.Repeat("\xff\xff\xff: m@evil.example\r\n", 12_000),
		"zero bytes":         plain + strings.Repeat("\x00", 200_000) + "From: \x00\r\n",
		"one line":           plain + "From: " + strings.Repeat("m@evil.example ", 15_000),
	} {
		began := time.Now()
		got, err := understood.Parse(strings.NewReader(report))
		require.NoError(t, err, name)
		sound(t, got)
		t.Logf("%s: %v", name, time.Since(began).Round(time.Millisecond))
	}
}

// TestReaderFails: Parse returns the reader's error, and not half a report.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the connection broke")
	raw, err := os.ReadFile(filepath.Join(folder, "attached-outlook.eml"))
	require.NoError(t, err)
	for _, n := range []int{0, 100, 700, len(raw) - 1} {
		got, err := understood.Parse(io.MultiReader(bytes.NewReader(raw[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken)
		assert.Zero(t, got)
	}
}

// TestNeverTheReportItself: no report, however it is cut down, has its own Message-ID as a
// target, and confidence always reflects the lack of an id.
func TestNeverTheReportItself(t *testing.T) {
	t.Parallel()
	for name := range reports(t) {
		raw, err := os.ReadFile(filepath.Join(folder, name+".eml"))
		require.NoError(t, err)
		for n := 0; n < len(raw); n += 97 {
			got, err := understood.Parse(bytes.NewReader(raw[:n]))
			require.NoError(t, err)
			sound(t, got)
		}
	}
}

// sound checks what holds for every report.
func sound(t *testing.T, r understood.Report) {
	t.Helper()
	for _, target := range r.Targets() {
		require.NoError(t, target.Validate())
		require.False(t, r.MessageID != "" && target.MessageID == r.MessageID, "%q", target.MessageID)
	}
	for _, m := range r.Messages {
		require.NotEmpty(t, m.Form)
		require.NotEmpty(t, m.Confidence)
		require.False(t, m.MessageID != "" && !m.Criteria.IsZero(), "a message has both")
		if m.Confidence == understood.High {
			require.NotEmpty(t, m.MessageID)
		}
	}
	require.False(t, len(r.Messages) == 0 && len(r.Incomplete) == 0, "nothing was recognised, and nothing says so")
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	require.NoError(f, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := understood.Parse(bytes.NewReader(raw))
		require.NoError(t, err)
		sound(t, got)
		again, err := understood.Parse(iotest.OneByteReader(bytes.NewReader(raw)))
		require.NoError(t, err)
		require.Equal(t, got, again, "how the bytes arrive makes no difference")
	})
}

// FuzzQuoted uses any text as what a mail program quotes.
func FuzzQuoted(f *testing.F) {
	f.Add("From", "Billing <billing@evil.example>", "Tuesday, November 24, 2026 9:15 AM", "Your invoice")
	f.Add("Von", "m@evil.example", "24.11.26 9:15", "x")
	f.Add("差出人", "m@evil.example", "2026年11月24日", "件名: 件名:")
	f.Fuzz(func(t *testing.T, label, from, date, subject string) {
		got, err := understood.Parse(strings.NewReader(reportHeader + "Content-Type: text/plain; charset=utf-8\r\n\r\n" +
			label + ": " + from + "\r\nSent: " + date + "\r\nSubject: " + subject + "\r\nTo: alice@example.test\r\n\r\ntext\r\n"))
		require.NoError(t, err)
		sound(t, got)
	})
}
