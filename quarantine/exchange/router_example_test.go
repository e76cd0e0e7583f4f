package exchange_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Two organisations, of which the first claims its domain; the other is asked
// about everything else.
func ExampleOpenRouter() {
	servers := map[string]*ewstest.Server{
		"Head office": ewstest.NewServer(&ewstest.Options{Domain: "example.com"}),
		"Subsidiary":  ewstest.NewServer(&ewstest.Options{Domain: "example.org"}),
	}
	configs := []exchange.Config{
		{
			Name: "Head office", EWSURL: "https://mail.example.com/EWS/Exchange.asmx", Domains: []string{"example.com"},
			QuarantineMailbox: "quarantine@example.com",
			Authentication:    exchange.Authentication{Type: "basic", Username: "svc@example.com", Password: exchange.NewSecret("svc-password")},
		},
		{
			Name: "Subsidiary", EWSURL: "https://mail.example.org/EWS/Exchange.asmx",
			QuarantineMailbox: "quarantine@example.org",
			Authentication:    exchange.Authentication{Type: "basic", Username: "svc@example.org", Password: exchange.NewSecret("svc-password")},
		},
	}
	router, err := exchange.OpenRouter(configs, &exchange.RouterOptions{
		// Only because there is no Exchange here.
		OptionsFor: func(c *exchange.Config) *exchange.Options {
			return &exchange.Options{Transport: servers[c.Name].Direct()}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()

	const id = "<20261124.1@evil.example>"
	targets := []quarantine.Target{
		{Mailbox: "alice@example.com", MessageID: id}, {Mailbox: "bob@example.com", MessageID: id},
		{Mailbox: "carol@example.org", MessageID: id}, {Mailbox: "dave@example.org", MessageID: id},
	}
	head, subsidiary := servers["Head office"], servers["Subsidiary"]
	head.Mailbox("alice@example.com").Deliver(eml(id, "Invoice"))
	head.Mailbox("bob@example.com").Deliver(eml(id, "Invoice"))
	subsidiary.Mailbox("carol@example.org").Deliver(eml(id, "Invoice"))

	var lines []string
	for receipt, err := range router.QuarantineAll(context.Background(), slices.Values(targets)) {
		switch {
		case receipt == nil:
			log.Fatal(err) // the context has ended
		case err != nil:
			lines = append(lines, receipt.Target.Mailbox+": not done")
		default:
			lines = append(lines, fmt.Sprintf("%s: %s by %s", receipt.Target.Mailbox, receipt.Outcome(), receipt.Server))
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Println(l)
	}
	// Output:
	// alice@example.com: quarantined by Head office
	// bob@example.com: quarantined by Head office
	// carol@example.org: quarantined by Subsidiary
	// dave@example.org: not done
}
