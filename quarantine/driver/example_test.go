package driver_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// onHold is a driver on top of another one. It carries nothing out of mailboxes that are
// on hold, and changes nothing in them; in all other respects it is the other driver.
type onHold struct {
	driver.Strategy
	held map[string]bool // addresses in lower case
}

// Name is for receipts.
func (s onHold) Name() string { return s.Strategy.Name() + ", but for mailboxes on hold" }

// Mailbox does no I/O.
func (s onHold) Mailbox(address string) driver.Mailbox {
	m := s.Strategy.Mailbox(address)
	if s.held[strings.ToLower(address)] {
		return heldMailbox{m}
	}
	return m
}

// refuse tells the engine what it must know about a failure: nothing was sent, so
// nothing was changed and nothing can arrive later, and there is no use in trying again.
func refuse(address string) error {
	return &driver.Error{
		Err: errors.New("the mailbox " + address + " is on hold"), Untouched: true, Answered: true, Cause: driver.CauseNoPermission,
	}
}

// Carry refuses before it sends anything.
func (s onHold) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	if s.held[strings.ToLower(c.From.Address())] {
		return driver.Carried{}, refuse(c.From.Address())
	}
	return s.Strategy.Carry(ctx, c)
}

// heldMailbox can be searched and read, but not changed.
type heldMailbox struct{ driver.Mailbox }

// Unwrap lets the engine find the optional capabilities of the mailbox: see driver.As.
// Those that change something, such as driver.Shelver, have a method here.
func (m heldMailbox) Unwrap() driver.Mailbox { return m.Mailbox }

func (m heldMailbox) Mark(context.Context, driver.Item, driver.Change) (driver.Item, error) {
	return driver.Item{}, refuse(m.Address())
}

func (m heldMailbox) Remove(context.Context, driver.Item) error { return refuse(m.Address()) }

func (m heldMailbox) Shelve(context.Context, driver.Item, *driver.Folder) (driver.Item, error) {
	return driver.Item{}, refuse(m.Address())
}

// A driver can be built on top of another one. This one keeps the engine away from
// mailboxes that are on hold. For a driver for a mail system of its own, see
// examples/customstrategy; the suite of package quarantinetest checks whether a driver
// keeps the contract.
func Example() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	exchange, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	strategy := onHold{exchange, map[string]bool{"bob@example.test": true}}
	q, err := quarantine.New(strategy, "quarantine@example.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	for _, mailbox := range []string{"alice@example.test", "bob@example.test"} {
		srv.Mailbox(mailbox).Deliver([]byte("From: mallory@evil.example\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"))
		receipt, err := q.Quarantine(context.Background(), quarantine.Target{Mailbox: mailbox, MessageID: "<1@evil.example>"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(mailbox, receipt.Outcome(), receipt.Items[0].Err)
	}
	// Output:
	// alice@example.test quarantined <nil>
	// bob@example.test refused the mailbox bob@example.test is on hold
}
