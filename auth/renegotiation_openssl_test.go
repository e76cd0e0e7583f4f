//go:build openssl

package auth_test

import (
	"crypto/elliptic"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// A server that repeats the handshake after the request, as IIS does for a path with
// client certificates. Go has no such server, but openssl has.
func TestServerRenegotiates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := ecdsaKey(t, elliptic.P256())
	file := filepath.Join(dir, "both.pem")
	require.NoError(t, os.WriteFile(file, pemPair(t, "both", key), 0o600))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	for _, allowed := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := l.Addr().String()
		require.NoError(t, l.Close())
		cmd := exec.CommandContext(t.Context(), "openssl", "s_server", "-accept", address, "-cert", file, "-key", file, "-tls1_2", "-naccept", "1")
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		// What the client sends is printed; then the handshake is repeated ("R" asks for a
		// certificate), and the response is sent.
		go func() {
			seen := ""
			buffer := make([]byte, 4096)
			for asked := false; ; {
				n, err := out.Read(buffer)
				seen += string(buffer[:n])
				switch {
				case err != nil:
					return
				case !asked && strings.Contains(seen, "the request"):
					asked = true
					_, _ = io.WriteString(in, "R\n")
					time.Sleep(300 * time.Millisecond)
					_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndone\n")
				}
			}
		}()
		opts := auth.TransportOptions{
			RootCAs: pem.EncodeToMemory(block), ClientCertificateFile: file, Renegotiation: allowed, HTTP1Only: true, ResponseHeaderTimeout: 5 * time.Second,
		}
		rt := transport(t, &opts)
		var got string
		for range 50 {
			_, got, err = read(rt.RoundTrip(post(t, "https://"+address+"/", "the request")))
			if err == nil || !strings.Contains(err.Error(), "refused") {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if allowed {
			require.NoError(t, err)
			assert.Equal(t, "done\n", got)
		} else {
			require.ErrorContains(t, err, "no renegotiation")
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
