package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server sends more than it announced, and echoes what it was sent: net/http writes that to
// the standard logger, where it is not redacted.
func TestUnaskedAnswer(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					_, password, _ := r.BasicAuth()
					_, _ = fmt.Fprintf(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nNo, you sent %s", password)
				}
			}()
		}
	}()
	config := filepath.Join(t.TempDir(), "ewsq.json")
	text, err := json.Marshal(map[string]any{
		"ewsUrl": "http://" + l.Addr().String() + "/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test",
		"authentication": map[string]string{"type": "basic", "username": "svc@example.test", "password": "s3cr3t-Pa55"},
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(config, text, 0o600))
	out, err := exec.CommandContext(t.Context(), itself(t), "-config", config, "find", "-mailbox", "alice@example.test", "-message-id", phishing).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "404")
	assert.NotContains(t, string(out), "s3cr3t")
}
