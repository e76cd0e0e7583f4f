// Customstrategy shows how to bring a strategy of one's own: it quarantines and
// restores a message in a mail system that is not Exchange at all. The rules that
// keep mail from being lost stay the library's.
//
//	go run ./examples/customstrategy
//
// Its test runs the conformance suite of package quarantinetest on the strategy;
// do the same with yours.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "customstrategy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	const alice, vault = "alice@example.test", "quarantine@example.test"
	mail := newStore(alice, vault)
	mail.add(alice, message{
		folder: "Inbox", subject: "You have won", received: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		headers: map[string]string{"Message-ID": "<1@evil.example>"},
	})

	q, err := quarantine.New(storeStrategy{mail}, vault, nil)
	if err != nil {
		return err
	}
	defer q.Close()

	receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>", Reason: "lottery"})
	if err != nil {
		return err
	}
	show(out, receipt)
	if receipt, err = q.Restore(ctx, receipt); err != nil {
		return err
	}
	show(out, receipt)
	return receipt.Err()
}

func show(out io.Writer, r *quarantine.Receipt) {
	for _, it := range r.Items {
		fmt.Fprintf(out, "%s: %s%s -> %s%s\n", it.Outcome, it.From.Mailbox, it.From.Folder.Path, it.To.Mailbox, it.To.Folder.Path)
	}
}
