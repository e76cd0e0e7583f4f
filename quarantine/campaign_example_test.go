package quarantine_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// A campaign reports how far it has got. With a name, and a journal that outlives the
// process, a second run begins with what the first one has left.
func ExampleCampaign() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	var targets []quarantine.Target
	for i := range 3 {
		id := fmt.Sprintf("<%d@evil.example>", i)
		srv.Mailbox("alice@example.test").Deliver([]byte("From: mallory@evil.example\r\nMessage-ID: " + id + "\r\n\r\nClick here\r\n"))
		targets = append(targets, quarantine.Target{Mailbox: "alice@example.test", MessageID: id})
	}
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	service, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{Journal: &quarantine.MemoryJournal{}})
	if err != nil {
		log.Fatal(err)
	}
	router, err := quarantine.NewRouter([]quarantine.Route{{Service: service}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	run := func(targets []quarantine.Target) {
		c := router.NewCampaign(&quarantine.CampaignOptions{Name: "case 17", Total: len(targets)})
		for _, err := range c.Quarantine(context.Background(), slices.Values(targets)) {
			if err != nil {
				log.Fatal(err)
			}
		}
		p := c.Progress()
		fmt.Printf("%d of %d done, %d of them before, %d messages taken, %d left\n", p.Done, p.Total, p.Kept, p.Taken, p.Left)
	}
	run(targets[:2])
	run(targets)
	// Output:
	// 2 of 2 done, 0 of them before, 2 messages taken, 0 left
	// 3 of 3 done, 2 of them before, 3 messages taken, 0 left
}
