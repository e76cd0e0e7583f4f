package main

import (
	"context"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

// mode is a kind of access to demonstrate.
type mode struct {
	title  string
	access exchange.Access
	about  string
}

var modes = []mode{
	{"FullAccess", exchange.FullAccess, "The account svc has FullAccess to every mailbox and moves the message itself"},
	{"Impersonation", exchange.Impersonation, "The account svc acts as the owner of each mailbox, and carries the message from one to the other"},
}

const (
	phishing      = "<20261124.1@evil.example>"
	quarantineBox = "quarantine@example.test"
	alice         = "alice@example.test"
	bob           = "bob@example.test"
	carol         = "carol@example.test"
)

// run demonstrates each mode. The error says what did not go as described.
func run(ctx context.Context, out io.Writer) error {
	for i, m := range modes {
		fmt.Fprintf(out, "━━ %d of %d: %s ━━\n%s.\n\n", i+1, len(modes), m.title, m.about)
		if err := show(ctx, out, m); err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
	}
	fmt.Fprint(out, "Everything went as described. Next: go run ./examples/ewsq -help\n")
	return nil
}

// show runs the story once, on a separate test server.
func show(ctx context.Context, out io.Writer, m mode) error {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	if err := deliver(srv); err != nil {
		return err
	}
	st := story{out: out, srv: srv}
	fmt.Fprintf(out, "A simulated Exchange 2016 is running at %s. ● is unread, ○ read.\n\n", srv.URL())
	st.table()
	before := st.see()

	// This is all a program needs: a configuration, a service, two calls.
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
	if err != nil {
		return err
	}
	defer q.Close()

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
