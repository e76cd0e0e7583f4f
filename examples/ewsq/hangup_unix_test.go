//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestReaderThatGoes: when a reader of standard output ends, as head does, it does not kill a
// run between two of its steps. The run ends as on a full disk, and says what has no line.
func TestReaderThatGoes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var targets strings.Builder
	for i := range 30 {
		id := fmt.Sprintf("<%d@evil.example>", i)
		fmt.Fprintf(&targets, `{"mailbox":"alice@example.test","message_id":%q}`+"\n", id)
		b.srv.Mailbox("alice@example.test").Deliver([]byte("Message-ID: " + id + "\r\nSubject: Lure\r\n\r\nText\r\n"))
	}
	cmd, stdout, stderr := piped(t, b, "quarantine", "-concurrency", "1", "-targets", b.write(t, "targets.jsonl", targets.String()))
	require.NoError(t, cmd.Start())
	_, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, stdout.Close())
	said, err := io.ReadAll(stderr)
	require.NoError(t, err)
	_ = cmd.Wait()
	assert.Equal(t, exitSome, cmd.ProcessState.ExitCode(), "%v: %s", cmd.ProcessState, said)
	assert.Contains(t, string(said), "broken pipe")
	assert.Contains(t, string(said), "targets have no line")
	assert.Less(t, len(b.srv.Mailbox("quarantine@example.test").Messages()), 30, "nothing new is begun")
}

// TestReportsForAReaderThatGoes: reports that were listed for a reader that ends are
// immediately available to the next command.
func TestReportsForAReaderThatGoes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i := range 5 {
		b.srv.Mailbox("carol@example.test").Deliver(fmt.Appendf(nil,
			"Message-ID: <%d@example.test>\r\nFrom: alice@example.test\r\nSubject: Look\r\n\r\nText\r\n", i))
	}
	list := []string{"reports", "list", "-mailbox", "carol@example.test", "-wait", "1s"}
	cmd, stdout, stderr := piped(t, b, list...)
	require.NoError(t, cmd.Start())
	require.NoError(t, stdout.Close())
	_, err := io.Copy(io.Discard, stderr)
	require.NoError(t, err)
	_ = cmd.Wait()
	assert.Equal(t, exitSome, cmd.ProcessState.ExitCode(), cmd.ProcessState.String())
	assert.Len(t, b.run(t, list...).lines, len(b.srv.Mailbox("carol@example.test").Messages()))
}

// TestTerminalThatGoes: closing the terminal interrupts a run like Ctrl-C, unless the program
// was told to ignore that, as by nohup.
func TestTerminalThatGoes(t *testing.T) {
	t.Parallel()
	heard := make(chan os.Signal, 1) // the tests may run under nohup; a signal that is notified here is not ignored in the program
	signal.Notify(heard, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(heard) })
	b := newBundle(t)
	atWork := make(chan struct{}, 100)
	b.srv.OnRequest(func(int, *ewstest.Request) {
		atWork <- struct{}{}
		<-t.Context().Done() // no answer
	})
	cmd, ended := process(t, b, nil, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
	<-atWork
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	<-ended
	assert.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode(), cmd.ProcessState.String())
}

// piped prepares the program itself with pipes behind it.
func piped(t *testing.T, b *bundle, args ...string) (cmd *exec.Cmd, stdout, stderr io.ReadCloser) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), itself(t), append([]string{"-config", b.config}, args...)...)
	cmd.Env = append(cmd.Environ(), "EWSQ_PASSWORD="+b.env["EWSQ_PASSWORD"])
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err = cmd.StderrPipe()
	require.NoError(t, err)
	return cmd, stdout, stderr
}
