package selftest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func ExampleCheck() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.RevokeFullAccess("svc", "*")
	srv.GrantFullAccess("svc", "quarantine@example.test")
	srv.GrantFullAccess("svc", "alice@example.test")

	cfg := &exchange.Config{
		EWSURL:            srv.URL(),
		QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
	report, err := selftest.Check(context.Background(), cfg, &selftest.Options{
		Mailboxes: []string{"alice@example.test", "bob@example.test"},
	})
	if err != nil {
		log.Fatal(err) // the configuration cannot be used
	}
	for _, c := range report.With(selftest.Failed) {
		fmt.Println(c.Name, c.Mailbox)
		fmt.Println(c.Commands[0])
	}
	// Output:
	// fullAccess bob@example.test
	// Add-MailboxPermission -Identity 'bob@example.test' -User 'EXAMPLE\svc' -AccessRights FullAccess -InheritanceType All -AutoMapping $false
}
