package exchange_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// A message is removed from a mailbox and restored. The server is a test server;
// with a real one only the configuration differs.
func Example() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte("From: mallory@evil.example\r\nSubject: You have won\r\n" +
		"Message-ID: <1@evil.example>\r\n\r\nClick here.\r\n"))

	cfg := &exchange.Config{
		Name:              "Head office",
		EWSURL:            srv.URL(),
		QuarantineMailbox: "quarantine@example.test",
		Access:            exchange.Impersonation,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
	q, err := exchange.Open(cfg, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()

	receipt, err := q.Quarantine(ctx, quarantine.Target{
		Mailbox: "alice@example.test", MessageID: "<1@evil.example>", Reason: "credential phishing",
	})
	if err != nil {
		log.Fatal(err) // nothing was done
	}
	for _, item := range receipt.Items {
		fmt.Println(item.Outcome, "by", item.Way, "from", item.Folder, "read:", item.WasRead, "error:", item.Err)
	}

	// A receipt is plain data. It can be stored, and is all that a restore needs.
	kept, err := json.Marshal(receipt)
	if err != nil {
		log.Fatal(err)
	}
	var read quarantine.Receipt
	if err := json.Unmarshal(kept, &read); err != nil {
		log.Fatal(err)
	}
	back, err := q.Restore(ctx, &read)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Outcome(), "to", back.Items[0].To.Folder.Path)
	// Output:
	// quarantined by transfer from /Inbox read: false error: <nil>
	// restored to /Inbox
}

// For an alert without a usable Message-ID, the target describes the message. Find first
// shows what would be taken.
func ExampleService_Quarantine_criteria() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte("From: mallory@evil.example\r\nSubject: Your invoice 4711\r\n\r\nClick here.\r\n"))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{
		CriteriaSearch: true,
		SearchLimits:   quarantine.Limits{PerMailbox: 10, Protected: []string{"board@example.test"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	ctx := context.Background()

	target := quarantine.Target{Mailbox: "alice@example.test", Criteria: quarantine.Criteria{
		Sender: "mallory@evil.example", Subject: "Your invoice", SubjectMatch: quarantine.SubjectPrefix,
	}}
	found, err := q.Find(ctx, target)
	if err != nil {
		log.Fatal(err) // for example, too many matches
	}
	fmt.Println(len(found.Items), "would be taken")
	receipt, err := q.Quarantine(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome(), "from", receipt.Items[0].Folder)
	// Output:
	// 1 would be taken
	// quarantined from /Inbox
}

// A service with a journal first settles what an earlier process left unfinished.
func ExampleService_Recover() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	q, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{
		Journal: &quarantine.MemoryJournal{}, // in production: boltjournal.Open(path)
	})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	for receipt, err := range q.Recover(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Action, receipt.Target.Mailbox, receipt.Outcome())
	}
	fmt.Println("settled")
	// Output:
	// settled
}
