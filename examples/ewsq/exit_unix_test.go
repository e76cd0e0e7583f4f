//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// process starts the program itself.
func process(t *testing.T, b *bundle, stdin io.Reader, args ...string) (cmd *exec.Cmd, ended <-chan error) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), itself(t), append([]string{"-config", b.config}, args...)...)
	cmd.Env = append(cmd.Environ(), "EWSQ_PASSWORD="+b.env["EWSQ_PASSWORD"])
	cmd.Stdin = stdin
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return cmd, done
}

// TestExitStatusOfAnInterrupt: after the first interrupt, the program reports what became of
// each target and exits with 130. The second one kills it by the signal, which a shell also
// reports as 130.
func TestExitStatusOfAnInterrupt(t *testing.T) {
	t.Parallel()
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t)
		atWork := make(chan struct{}, 100)
		b.srv.OnRequest(func(int, *ewstest.Request) {
			atWork <- struct{}{}
			<-t.Context().Done() // no answer
		})
		cmd, ended := process(t, b, nil, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
		<-atWork
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		<-ended
		assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	})
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t)
		in, out, err := os.Pipe()
		require.NoError(t, err)
		defer out.Close()
		cmd, ended := process(t, b, in, "find", "-targets", "-")
		require.NoError(t, in.Close())
		// More than a pipe holds, so that the program has begun to read, and waits
		// for the rest.
		_, err = io.WriteString(out, "mailbox,message_id\n"+strings.Repeat("alice@example.test,"+phishing+"\n", 5000))
		require.NoError(t, err)
		for over := false; !over; {
			_ = cmd.Process.Signal(syscall.SIGINT)
			select {
			case <-ended:
				over = true
			case <-time.After(20 * time.Millisecond):
			}
		}
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		require.True(t, status.Signaled(), status)
		assert.Equal(t, 130, 128+int(status.Signal()))
	})
}
