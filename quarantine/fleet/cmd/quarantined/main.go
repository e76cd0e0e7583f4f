// Command quarantined takes malicious mail out of mailboxes for a fleet: any number of
// these processes, on any number of machines, share a PostgreSQL database, which has the
// campaigns, their jobs, the journal and the receipts. What one of them has begun when it
// dies another finishes.
//
// The README beside it shows two of them at work, step by step.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// net/http writes there what a server sends unasked. It may echo the password.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv}
	os.Exit(p.run(ctx, os.Args[1:]))
}
