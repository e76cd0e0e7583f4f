package quarantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// Find shows what Quarantine would take, and changes nothing. This is a test server;
// package exchange opens a service for a real one.
func ExampleService_Find() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte(lure))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()

	target := quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>", Reason: "credential phishing"}
	found, err := q.Find(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	for _, it := range found.Items {
		fmt.Println(it.Outcome, "in", it.Folder, "read:", it.WasRead)
	}
	if found.Err() != nil {
		fmt.Println("there may be more:", found.Err())
	}
	receipt, err := q.Quarantine(ctx, target)
	if err != nil {
		log.Fatal(err) // nothing was done
	}
	fmt.Println(receipt.Outcome(), "by", receipt.Items[0].Way, receipt.Err())
	// Output:
	// found in /Inbox read: false
	// quarantined by move <nil>
}

// Without a receipt, the item in quarantine is enough: it records where it came from.
func ExampleService_RestoreMessage() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte(lure))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()

	target := quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}
	if _, err := q.Quarantine(ctx, target); err != nil { // the receipt is lost
		log.Fatal(err)
	}
	back, err := q.RestoreMessage(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Outcome(), "to", back.Items[0].To.Folder.Path, "of", back.Items[0].To.Mailbox)
	back, err = q.RestoreMessage(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("again:", back.Outcome())
	// Output:
	// restored to /Inbox of alice@example.test
	// again: alreadyRestored
}

// List shows what lies in quarantine, the oldest first.
func ExampleService_List() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()
	for _, mailbox := range []string{"alice@example.test", "bob@example.test"} {
		srv.Mailbox(mailbox).Deliver([]byte(lure))
		if _, err := q.Quarantine(ctx, quarantine.Target{Mailbox: mailbox, MessageID: "<1@evil.example>"}); err != nil {
			log.Fatal(err)
		}
	}

	for held, err := range q.List(ctx, quarantine.ListRequest{Mailbox: "bob@example.test"}) {
		if err != nil {
			log.Fatal(err) // what came before it is correct, but incomplete
		}
		fmt.Printf("%s %q\n", held.MessageID, held.Subject)
	}
	// Output:
	// <1@evil.example> "You have won"
}

// Expand lists who receives mail sent to a group, including through the groups within it.
func ExampleService_Expand() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.AddList("team@example.test", "carol@example.test", "partner@other.example")
	srv.AddList("office@example.test", "alice@example.test", "team@example.test")
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()

	members, err := q.Expand(context.Background(), "office@example.test", &quarantine.ExpandOptions{MaxMembers: 500})
	if err != nil {
		log.Fatal(err) // not a group, too large, or no address book
	}
	for _, m := range members.Mailboxes {
		fmt.Println(m.Address, "by", m.Via)
	}
	for _, m := range members.Contacts {
		fmt.Println("outside:", m.Address)
	}
	fmt.Println("complete:", members.Complete)
	// Output:
	// alice@example.test by office@example.test
	// carol@example.test by team@example.test
	// outside: partner@other.example
	// complete: true
}

// FollowForwards finds out, before a message is taken, to whom its recipient passed it on.
func ExampleService_FollowForwards() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	alice := srv.Mailbox("alice@example.test")
	alice.Deliver([]byte(lure))
	alice.DeliverWith([]byte("From: alice@example.test\r\nTo: bob@example.test, friend@other.example\r\nSubject: FW: You have won\r\n"+
		"Message-ID: <2@example.test>\r\nIn-Reply-To: <1@evil.example>\r\n\r\nLook!\r\n"),
		ewstest.Delivery{Folder: alice.Folder("sentitems"), Read: true})
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()

	trail, err := q.FollowForwards(context.Background(), quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range trail.Copies { // each is a target to quarantine
		fmt.Println(c.Target.Mailbox, c.Target.MessageID, "sent:", c.Sent)
	}
	fmt.Println("outside:", trail.External, "complete:", trail.Complete)
	// Output:
	// alice@example.test <2@example.test> sent: true
	// bob@example.test <2@example.test> sent: false
	// outside: [friend@other.example] complete: true
}
