package exchange_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Two services work on the same server, each with a quarantine mailbox of its own. They
// share one limiter, so together they stay within what the server allows: if it asks one of
// them to pause, the other pauses, too.
func ExampleOptions_limiter() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.AddMailbox("fraud@example.test", nil)
	limiter, err := throttle.New(&throttle.Options{PerPayer: 4, MaxConcurrent: 8})
	if err != nil {
		log.Fatal(err)
	}

	for _, vault := range []string{"quarantine@example.test", "fraud@example.test"} {
		q, err := exchange.Open(&exchange.Config{
			EWSURL:            srv.URL(),
			QuarantineMailbox: vault,
			Access:            exchange.FullAccess,
			Authentication: exchange.Authentication{
				Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
			},
		}, &exchange.Options{Limiter: limiter})
		if err != nil {
			log.Fatal(err)
		}
		defer q.Close()

		id := "<for-" + vault + ">"
		srv.Mailbox("alice@example.test").Deliver([]byte("From: mallory@evil.example\r\nSubject: You have won\r\nMessage-ID: " + id + "\r\n\r\nClick here.\r\n"))
		receipt, err := q.Quarantine(context.Background(), quarantine.Target{Mailbox: "alice@example.test", MessageID: id})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Outcome(), "to", receipt.Items[0].To.Mailbox)
	}
	// Output:
	// quarantined to quarantine@example.test
	// quarantined to fraud@example.test
}
