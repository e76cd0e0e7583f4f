// Command quarantined takes malicious mail out of mailboxes for a fleet: any number of
// these processes, on any number of machines, share a PostgreSQL database, which holds the
// campaigns, their jobs, the journal and the receipts. If one of them dies, another
// finishes what it had begun.
//
// Its README shows two of them at work, step by step.
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
	// net/http logs what a server sends unasked, which may echo the password.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv}
	os.Exit(p.run(ctx, os.Args[1:]))
}
