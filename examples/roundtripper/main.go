// Roundtripper shows how to sign in to Exchange in a way of one's own: an
// [net/http.RoundTripper] that adds a ticket to each request, as one for Kerberos
// would. The library needs nothing special for it.
//
//	go run ./examples/roundtripper
//
// The domain controller and the door of the server are stand-ins (see domain.go
// and door.go), with an Exchange for tests behind; what a product would keep is in
// negotiate.go and in the function open.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
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
	fmt.Fprintf(out, "%d requests, each with a ticket of its own\n", kdc.accepted())
	return receipt.Err()
}

// open makes a service whose requests carry tickets.
func open(ewsURL string, tickets ticketSource) (*quarantine.Service, error) {
	connections, err := auth.NewTransport(nil) // proxy, trusted roots and time limits are set here
	if err != nil {
		return nil, err
	}
	signIn, err := newNegotiate(ewsURL, tickets, connections)
	if err != nil {
		return nil, err
	}
	client, err := ews.NewClient(ewsURL, &ews.Options{Transport: signIn})
	if err != nil {
		return nil, err
	}
	strategy, err := ewsmail.NewFullAccess(client, nil)
	if err != nil {
		return nil, err
	}
	return quarantine.New(strategy, "quarantine@example.test", nil)
}

func show(out io.Writer, r *quarantine.Receipt) {
	for _, it := range r.Items {
		fmt.Fprintf(out, "%s: %s -> %s\n", it.Outcome, it.From.Mailbox, it.To.Mailbox)
	}
}
