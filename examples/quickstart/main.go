// Command quickstart shows what this module does, in a few seconds and without
// any setup: it starts a test Exchange server in this process, delivers
// messages, takes one out of several mailboxes, puts one back, and shows after
// each step what is where. It does so for each kind of access.
//
// It exits with status 0 only if everything went as described.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}
