// Command ewsq is the operator's command: it finds a message in mailboxes of
// Exchange organisations, takes it into quarantine, puts it back, and lists what
// lies there.
//
//	ewsq -config FILE COMMAND [flags]
//
// Results are JSON lines on standard output, one for each; text for people and
// progress go to standard error. The exit status is 0 if all was done, 1 if some
// target failed or was refused, 2 for bad usage or configuration. See ewsq help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv,
		columns: terminal.Columns(os.Stderr), both: terminal.Columns(os.Stdout) != nil,
	}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
