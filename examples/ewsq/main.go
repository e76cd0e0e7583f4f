// Command ewsq is the operator's command: it finds a message in mailboxes of an
// Exchange organisation, takes it into quarantine, puts it back, and lists what
// lies there.
//
//	ewsq -config FILE COMMAND [flags]
//
// Results are JSON lines on standard output, one for each; text for people goes
// to standard error. The exit status is 0 if all was done, 1 if some target
// failed or was refused, 2 for bad usage or configuration. See ewsq -help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
