package graphmail

import (
	"encoding/base64"
	"io"
	"net/mail"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// FuzzHead: whatever a message contains, it cannot inject a field or part.
func FuzzHead(f *testing.F) {
	f.Add("X-A", "b", "subject", "text", true)
	f.Add("X-A\r\nX-B", "b\r\n\r\n--", "a\r\nBcc: x@y", "--b--\r\n", false)
	f.Add("", "\x00", "\xff", "", true)
	f.Fuzz(func(t *testing.T, name, value, subject, text string, headers bool) {
		raw := graph.Message{Subject: subject, MessageID: value, Body: &graph.Body{Content: text}}
		raw.From = new(graph.Recipient)
		raw.From.EmailAddress.Name, raw.From.EmailAddress.Address = name, value
		if headers {
			raw.Headers = []graph.Header{{Name: name, Value: value}, {Name: "Subject", Value: subject}}
		}
		all, err := io.ReadAll(headOf(raw, "boundary"))
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(all), "\r\n\r\n--boundary\r\n")
		if lines := strings.Count(head, "\r\n") + 1; lines > 5 || strings.ContainsAny(strings.ReplaceAll(head, "\r\n", ""), "\r\n") {
			t.Fatalf("%d lines: %q", lines, head)
		}
		_, body, _ := strings.Cut(rest, "\r\n\r\n")
		got, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\r\n", ""))
		if err != nil || string(got) != text {
			t.Fatalf("%q, %v; want %q", got, err, text)
		}
		if _, err := mail.ReadMessage(strings.NewReader(string(all))); err != nil && isToken(name) {
			t.Fatal(err)
		}
	})
}

// FuzzEncoder: the lines encode exactly what was read, in pieces of any size.
func FuzzEncoder(f *testing.F) {
	f.Add([]byte("abc"), 1)
	f.Add(make([]byte, 20000), 7)
	f.Fuzz(func(t *testing.T, content []byte, size int) {
		size = max(1, min(size, 1<<16))
		e := &encoder{from: strings.NewReader(string(content))}
		var all []byte
		for p := make([]byte, size); ; {
			n, err := e.Read(p)
			all = append(all, p[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.SplitSeq(string(all), "\r\n") {
			if len(line) > 76 {
				t.Fatalf("a line of %d", len(line))
			}
		}
		got, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(all), "\r\n", ""))
		if err != nil || string(got) != string(content) {
			t.Fatal("it is not what was read")
		}
	})
}
