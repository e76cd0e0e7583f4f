package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

// mode is a kind of access to demonstrate.
type mode struct {
	title   string
	access  exchange.Access
	about   string
	version ewstest.Version
	open    func(*ewstest.Server, mode) (opened, error)
}

// opened is a service over a test server.
type opened struct {
	service  *quarantine.Service
	url      string
	requests func() int
	close    func()
}

// modes are the modes of each API.
var modes = map[exchange.API][]mode{
	exchange.APIEWS: {
		{"FullAccess", exchange.FullAccess, "The account svc has FullAccess to every mailbox and moves the message itself", ewstest.Exchange2016, overEWS},
		{"Impersonation", exchange.Impersonation, "The account svc acts as the owner of each mailbox, and carries the message from one to the other", ewstest.Exchange2016, overEWS},
	},
	exchange.APIGraph: {
		{"Microsoft Graph", exchange.Impersonation, "An application with rights to all mailboxes exports the message from one, and imports it into the other", ewstest.ExchangeOnline, overGraph},
	},
}

const (
	phishing      = "<20261124.1@evil.example>"
	quarantineBox = "quarantine@example.test"
	alice         = "alice@example.test"
	bob           = "bob@example.test"
	carol         = "carol@example.test"
)

// run demonstrates each mode of an API. An error says what did not go as described.
func run(ctx context.Context, api exchange.API, out io.Writer) error {
	for i, m := range modes[api] {
		fmt.Fprintf(out, "━━ %d of %d: %s ━━\n%s.\n\n", i+1, len(modes[api]), m.title, m.about)
		if err := show(ctx, out, m); err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
	}
	fmt.Fprint(out, "Everything went as described. Next: go run ./examples/ewsq -help\n")
	return nil
}

// overEWS opens a service over a server. This is all a program needs.
func overEWS(srv *ewstest.Server, m mode) (opened, error) {
	q, err := exchange.Open(&exchange.Config{
		EWSURL:            srv.URL(),
		QuarantineMailbox: quarantineBox,
		Access:            m.access,

		Authentication: exchange.Authentication{
			Type:     exchange.AuthenticationBasic,
			Username: "svc@example.test",
			Password: exchange.NewSecret("svc-password"),
		},
	}, nil)
	return opened{q, srv.URL(), func() int { return len(srv.Requests()) }, func() {}}, err
}

// overGraph opens a service over a Graph with the mailboxes of a server. A program in a
// tenant has a certificate, and sets azureAD instead of SignIn.
func overGraph(srv *ewstest.Server, m mode) (opened, error) {
	graph := graphtest.New(srv, nil)
	q, err := exchange.Open(&exchange.Config{
		API:               exchange.APIGraph,
		GraphURL:          graph.URL(),
		QuarantineMailbox: quarantineBox,
		Access:            m.access,

		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}, &exchange.Options{SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) {
		return graph.As(base, "quickstart"), nil
	}})
	return opened{q, graph.URL(), func() int { return len(graph.Requests()) }, graph.Close}, err
}

// show runs the story once, on a separate test server.
func show(ctx context.Context, out io.Writer, m mode) error {
	srv := ewstest.NewServer(&ewstest.Options{Version: m.version})
	defer srv.Close()
	if err := deliver(srv); err != nil {
		return err
	}
	o, err := m.open(srv, m)
	defer o.close()
	if err != nil {
		return err
	}
	q := o.service
	defer q.Close()
	st := story{out: out, srv: srv, requests: o.requests}
	fmt.Fprintf(out, "A simulated %s is running at %s. ● is unread, ○ read.\n\n", product(m.version), o.url)
	st.table()
	before := st.see()

	st.step("An alert: %s is phishing. Take every copy out of every mailbox.", phishing)
	receipts := map[string]*quarantine.Receipt{}
	for _, mailbox := range []string{alice, bob, carol} {
		target := quarantine.Target{Mailbox: mailbox, MessageID: phishing, Reason: "credential phishing"}
		receipt, err := q.Quarantine(ctx, target)
		if err != nil {
			return err
		}
		receipts[mailbox] = receipt
		if err := st.receipt(receipt, quarantine.Quarantined); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	st.table()
	if err := st.check(before.quarantined(alice, bob, carol)); err != nil {
		return err
	}

	st.step("Doing the same again for alice changes nothing.")
	again, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: phishing})
	if err != nil {
		return err
	}
	if err := st.receipt(again, quarantine.AlreadyQuarantined); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := st.check(before.quarantined(alice, bob, carol)); err != nil {
		return err
	}

	st.step("For bob it was a false alarm. His receipt is all it takes to put the message back.")
	restored, err := q.Restore(ctx, receipts[bob])
	if err != nil {
		return err
	}
	if err := st.receipt(restored, quarantine.Restored); err != nil {
		return err
	}
	fmt.Fprintln(out)
	st.table()
	if err := st.check(before.quarantined(alice, carol)); err != nil {
		return err
	}
	return st.epilogue()
}

// product returns the name of the simulated product.
func product(v ewstest.Version) string {
	if v == ewstest.ExchangeOnline {
		return "Exchange Online"
	}
	return "Exchange 2016"
}

// deliver puts the messages from testdata into the mailboxes.
func deliver(srv *ewstest.Server) error {
	for _, d := range []struct{ file, mailbox string }{
		{"plain.eml", alice}, {"phishing.eml", alice}, {"control-character.eml", alice},
		{"plain.eml", bob}, {"phishing.eml", bob}, {"attachment.eml", bob},
		{"phishing.eml", carol}, {"non-ascii.eml", carol},
	} {
		eml, err := testdata.Mail.ReadFile("mail/" + d.file)
		if err != nil {
			return err
		}
		srv.Mailbox(d.mailbox).Deliver(eml)
	}
	// Alice has read the phishing mail once and filed a copy.
	eml, err := testdata.Mail.ReadFile("mail/phishing.eml")
	if err != nil {
		return err
	}
	mailbox := srv.Mailbox(alice)
	filed := mailbox.AddFolder(mailbox.Folder(ews.FolderInbox), "To do")
	mailbox.DeliverWith(eml, ewstest.Delivery{Folder: filed, Read: true})
	return nil
}
