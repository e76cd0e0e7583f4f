// Roundtripper shows how to sign in to Exchange in a custom way: a
// [net/http.RoundTripper] adds a ticket to each request, as one for Kerberos
// would. The configuration says "external", and exchange.Open gets it as SignIn.
//
//	go run ./examples/roundtripper
//
// The domain controller and the front of the server are stand-ins (see
// domain.go and door.go), with a test Exchange server behind them. A real
// product would keep negotiate.go and the function open.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "roundtripper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	const alice, phishing = "alice@example.test", "<20261124.1@evil.example>"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	eml, err := testdata.Mail.ReadFile("mail/phishing.eml")
	if err != nil {
		return err
	}
	srv.Mailbox(alice).Deliver(eml)
	kdc := newDomain()
	front := httptest.NewServer(&door{domain: kdc, behind: srv})
	defer front.Close()

	q, err := open(front.URL+"/EWS/Exchange.asmx", kdc.ticketsFor("svc"))
	if err != nil {
		return err
	}
	defer q.Close()
	receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: phishing})
	if err != nil {
		return err
	}
	show(out, receipt)
	if receipt, err = q.Restore(ctx, receipt); err != nil {
		return err
	}
	show(out, receipt)
	fmt.Fprintf(out, "%d requests, each with its own ticket\n", kdc.accepted())
	return receipt.Err()
}

// open creates a service whose requests carry tickets. Everything else, such as proxy,
// trusted roots and throttling, comes from the configuration.
func open(ewsURL string, tickets ticketSource) (*quarantine.Service, error) {
	cfg := &exchange.Config{
		EWSURL: ewsURL, QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal}, // in JSON: "type": "external"
	}
	return exchange.Open(cfg, &exchange.Options{
		SignIn: func(endpoint string, base http.RoundTripper) (http.RoundTripper, error) {
			return newNegotiate(endpoint, tickets, base)
		},
	})
}

func show(out io.Writer, r *quarantine.Receipt) {
	for _, it := range r.Items {
		fmt.Fprintf(out, "%s: %s -> %s\n", it.Outcome, it.From.Mailbox, it.To.Mailbox)
	}
}
