package quarantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func ExampleCheck() {
	srv := ewstest.NewServer(ewstest.Options{})
	defer srv.Close()
	srv.RevokeFullAccess("svc", "*")
	srv.GrantFullAccess("svc", "quarantine@example.test")
	srv.GrantFullAccess("svc", "alice@example.test")

	cfg := &quarantine.Config{
		EWSURL:            srv.URL(),
		QuarantineMailbox: "quarantine@example.test",
		Authentication: quarantine.Authentication{
			Type: quarantine.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: quarantine.NewSecret("svc-password"),
		},
	}
	report, err := quarantine.Check(context.Background(), cfg, &quarantine.CheckOptions{
		Mailboxes: []string{"alice@example.test", "bob@example.test"},
	})
	if err != nil {
		log.Fatal(err) // the configuration cannot be used
	}
	for _, c := range report.With(quarantine.CheckFailed) {
		fmt.Println(c.Name, c.Mailbox)
		fmt.Println(c.Commands[0])
	}
	// Output:
	// fullAccess bob@example.test
	// Add-MailboxPermission -Identity 'bob@example.test' -User 'EXAMPLE\svc' -AccessRights FullAccess -InheritanceType All -AutoMapping $false
}

func ExampleSetup() {
	cfg := &quarantine.Config{
		EWSURL:            "https://mail.example.com/EWS/Exchange.asmx",
		QuarantineMailbox: "quarantine@example.com",
		Access:            quarantine.AccessImpersonation,
		Authentication:    quarantine.Authentication{Type: quarantine.AuthenticationNTLM, Username: `EXAMPLE\svc`},
	}
	guide, err := quarantine.Setup(cfg, &quarantine.SetupOptions{ExchangeVersion: quarantine.Exchange2016})
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
	// 5. Narrow it down, if not all mailboxes are meant
	// 6. Set the limits of the server
	// 7. Try it
}
