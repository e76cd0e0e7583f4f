// Command quickstart shows what this module does, in a few seconds and without
// any setup: it starts a test Exchange server in this process, delivers
// messages, takes one out of several mailboxes, puts one back, and shows the
// contents of the mailboxes after each step. It does so for each kind of access
// or, with -api graph, over a Microsoft Graph with the same mailboxes.
//
// It exits with status 0 only if everything went as described.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func main() {
	api := exchange.APIEWS
	flag.Func("api", "`API` to show: ews (default) or graph", func(text string) error {
		if _, ok := modes[exchange.API(text)]; !ok {
			return errors.New("must be ews or graph")
		}
		api = exchange.API(text)
		return nil
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, api, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}
