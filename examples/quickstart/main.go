// Command quickstart shows what this module does, in a few seconds, with
// nothing to set up: it starts an Exchange for tests in this process, delivers
// messages, takes one out of several mailboxes, puts one back, and shows at each
// step what is where. It does so under each kind of access.
//
// It exits with status 0 only if everything was as it says.
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
