package setup_test

import (
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/setup"
)

func ExampleNew() {
	cfg := &exchange.Config{
		EWSURL:            "https://mail.example.com/EWS/Exchange.asmx",
		QuarantineMailbox: "quarantine@example.com",
		Access:            exchange.Impersonation,
		Authentication:    exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
	}
	guide, err := setup.New(cfg, &setup.Options{ExchangeVersion: setup.Exchange2016})
	if err != nil {
		log.Fatal(err)
	}
	for i, step := range guide.Steps {
		fmt.Printf("%d. %s\n", i+1, step.Title)
	}
	// Output:
	// 1. Find the address of EWS
	// 2. Create the quarantine mailbox
	// 3. Create the service account
	// 4. Let the account impersonate
	// 5. Restrict it, unless it needs all mailboxes
	// 6. Raise the server's limits
	// 7. Test it
}
