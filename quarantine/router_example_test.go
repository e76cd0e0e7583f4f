package quarantine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// With many targets at a time, one that fails does not stop the others, and each has a
// result. RestoreAll takes the receipts to undo it.
func ExampleRouter_QuarantineAll() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	for _, mailbox := range []string{"alice@example.test", "bob@example.test"} {
		srv.Mailbox(mailbox).Deliver([]byte(lure))
	}
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	service, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{Name: "Head office"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: service, Domains: []string{"example.test"}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	ctx := context.Background()

	var targets []quarantine.Target
	for _, mailbox := range []string{"alice@example.test", "bob@example.test", "nobody@example.test"} {
		targets = append(targets, quarantine.Target{Mailbox: mailbox, MessageID: "<1@evil.example>"})
	}
	var lines []string
	var receipts []*quarantine.Receipt
	for receipt, err := range r.QuarantineAll(ctx, slices.Values(targets)) {
		switch {
		case receipt == nil:
			log.Fatal(err) // the context has ended, and not all were begun
		case err != nil:
			lines = append(lines, receipt.Target.Mailbox+" was not searched")
		default:
			lines = append(lines, receipt.Target.Mailbox+" "+string(receipt.Outcome()))
			receipts = append(receipts, receipt)
		}
	}
	for receipt, err := range r.RestoreAll(ctx, slices.Values(receipts)) {
		if err != nil {
			log.Fatal(err)
		}
		lines = append(lines, receipt.Target.Mailbox+" "+string(receipt.Outcome()))
	}
	slices.Sort(lines) // they come in the order in which they finish
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// alice@example.test quarantined
	// alice@example.test restored
	// bob@example.test quarantined
	// bob@example.test restored
	// nobody@example.test was not searched
}

// A bad receipt does not stop the others.
func ExampleRouter_RestoreAll() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte(lure))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	service, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{Name: "Head office"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: service, Domains: []string{"example.test"}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	ctx := context.Background()
	receipt, err := r.Quarantine(ctx, quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"})
	if err != nil {
		log.Fatal(err)
	}
	lost := &quarantine.Receipt{Action: "quarantine", Server: "Closed branch", Target: quarantine.Target{Mailbox: "bob@example.test", MessageID: "<1@evil.example>"}}

	var lines []string
	for back, err := range r.RestoreAll(ctx, slices.Values([]*quarantine.Receipt{lost, receipt})) {
		switch {
		case back == nil:
			log.Fatal(err) // the context has ended, and not all were read
		case err != nil:
			lines = append(lines, back.Target.Mailbox+" is still in quarantine: "+err.Error())
		default:
			lines = append(lines, back.Target.Mailbox+" "+string(back.Outcome()))
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// alice@example.test restored
	// bob@example.test is still in quarantine: quarantine: receipt: server is "Closed branch", which is not the name of a server; the servers are ["Head office"]: give the one that it was taken on this name again, or leave the field empty
}

// A plan is made once, and a queue carries it to whatever runs it.
func ExampleRouter_Plan() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.AddList("team@example.test", "alice@example.test", "bob@example.test", "partner@other.example")
	srv.Mailbox("alice@example.test").Deliver([]byte(lure))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	service, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{Name: "Head office"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: service, Domains: []string{"example.test"}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	ctx := context.Background()

	plan, err := r.Plan(ctx, quarantine.PlanRequest{
		Targets: []quarantine.Target{{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}},
		Groups:  []quarantine.GroupTarget{{Group: "team@example.test", Target: quarantine.Target{MessageID: "<1@evil.example>"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range plan.Targets {
		fmt.Println(t.Target.Mailbox, "on", t.Server, "because of", len(t.Why), t.Why[0].Kind)
	}
	for _, u := range plan.Unplanned {
		fmt.Println(u.Kind, u.Address)
	}
	message, err := json.Marshal(plan)
	if err != nil {
		log.Fatal(err)
	}

	// In another process:
	var got quarantine.Plan
	if err := json.Unmarshal(message, &got); err != nil {
		log.Fatal(err)
	}
	for part := range got.Parts(1) {
		for receipt, err := range r.QuarantineAll(ctx, part.All()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(receipt.Target.Mailbox, receipt.Outcome())
		}
	}
	// Output:
	// alice@example.test on Head office because of 2 named
	// bob@example.test on Head office because of 1 group
	// outside partner@other.example
	// alice@example.test quarantined
	// bob@example.test notFound
}

// Alerts come from a channel. When the product stops, no more are begun, those that were
// begun are finished, and the rest wait in the channel.
func ExampleFeed() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	service, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{Name: "Head office"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: service, Domains: []string{"example.test"}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	ctx, stop := context.WithCancel(context.Background()) // of the product, for example from signal.NotifyContext
	alerts := make(chan quarantine.Target, 10)
	results := make(chan *quarantine.Receipt)
	go func() {
		defer close(results)
		// The work has its own context, so that it is not cut off.
		for receipt, err := range r.QuarantineAll(context.WithoutCancel(ctx), quarantine.Feed(ctx, alerts)) {
			if err != nil {
				log.Println(receipt.Target.Mailbox, err) // put it back into the queue
			}
			results <- receipt
		}
	}()

	mailboxes := []string{"alice@example.test", "bob@example.test", "carol@example.test"}
	for _, mailbox := range mailboxes {
		srv.Mailbox(mailbox).Deliver([]byte(lure))
		alerts <- quarantine.Target{Mailbox: mailbox, MessageID: "<1@evil.example>"}
	}
	done := 0
	for range mailboxes {
		receipt := <-results
		if receipt.Outcome() == quarantine.Quarantined {
			done++
		}
	}
	stop()
	alerts <- quarantine.Target{Mailbox: "alice@example.test", MessageID: "<2@evil.example>"}
	for range results { // what was still in progress
		done++
	}
	fmt.Println(done, "done,", len(alerts), "not begun")
	// Output:
	// 3 done, 1 not begun
}
