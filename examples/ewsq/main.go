// Command ewsq is the operator's tool: it finds messages in the mailboxes of
// Exchange organisations, moves them into quarantine, lists the quarantine, and puts
// them back.
//
//	ewsq -config FILE COMMAND [flags]
//
// Results are JSON lines on standard output; text for people and progress go to
// standard error. The exit status is 0 if everything was done, 1 if a target failed, was
// refused or is undecided, 2 for bad usage or configuration, and 130 if the run was
// interrupted before everything was done. See ewsq help.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

func main() {
	// net/http logs unsolicited responses from a server there. They may echo the password.
	log.SetOutput(io.Discard)
	collect(os.LookupEnv)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// A second signal ends the program immediately.
	context.AfterFunc(ctx, stop)
	p := &program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv,
		columns: terminal.Columns(os.Stderr), both: terminal.Columns(os.Stdout) != nil,
		atWork: func() { signal.Ignore(syscall.SIGPIPE) },
	}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
