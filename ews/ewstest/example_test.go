package ewstest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// The quickest way to test an Exchange client: deliver a message, work with it,
// check the result.
func Example() {
	srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.Exchange2019})
	defer srv.Close()
	alice := srv.Mailbox("alice@example.test")
	m := alice.Deliver([]byte("From: eve@evil.example\r\nSubject: Invoice\r\nDisposition-Notification-To: eve@evil.example\r\n\r\nPay!\r\n"))

	client := srv.Client("svc", nil)
	_, err := client.DeleteItem(context.Background(), ews.DeleteItemRequest{IDs: []ews.ItemID{m.ID}, Type: ews.HardDelete})
	if err != nil {
		fmt.Println(err)
	}
	for _, m := range alice.Messages() {
		fmt.Println(m.Folder, m.Subject)
	}
	fmt.Println(len(srv.Notices()), "notices")
	// Output:
	// /Recoverable Items/Purges Invoice
	// 0 notices
}

// A fault that loses the answer: the server moved the message, but the client
// cannot know.
func ExampleServer_FailNext() {
	srv := ewstest.NewServer(nil)
	m := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: Invoice\r\n\r\nPay!\r\n"))
	srv.FailNext(ews.OpMoveItem, ewstest.DropAfter)

	_, err := srv.Client("svc", nil).MoveItem(context.Background(), ews.MoveItemRequest{
		IDs: []ews.ItemID{m.ID},
		To:  ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "quarantine@example.test"},
	})
	fmt.Println("ambiguous:", ews.Ambiguous(err))
	fmt.Println("in quarantine:", len(srv.Mailbox("quarantine@example.test").Messages()))
	// Output:
	// ambiguous: true
	// in quarantine: 1
}

// A server that reports one message as deleted but did not delete it, and a removal whose
// answer is lost and that the server carries out only when told to.
func ExampleServer_Fail() {
	srv := ewstest.NewServer(nil)
	alice := srv.Mailbox("alice@example.test")
	invoice := alice.Deliver([]byte("Subject: Invoice\r\nMessage-ID: <1@evil.example>\r\n\r\nPay!\r\n"))
	alice.Deliver([]byte("Subject: Lunch\r\nMessage-ID: <2@example.test>\r\n\r\nToday?\r\n"))
	client := srv.Client("svc", nil)
	remove := func() {
		for _, m := range alice.Folder(ews.FolderInbox).Messages() {
			res, err := client.DeleteItem(context.Background(), ews.DeleteItemRequest{IDs: []ews.ItemID{m.ID}, Type: ews.HardDelete})
			if err == nil {
				err = res.Err()
			}
			fmt.Println(m.Subject+":", err == nil, alice.Message(m.ID) == nil)
		}
	}

	lie := srv.Fail(ewstest.When{Operation: ews.OpDeleteItem, MessageID: invoice.MessageID}, ewstest.FalseSuccess)
	remove()
	lie.Cancel()
	srv.Fail(ewstest.When{Operation: ews.OpDeleteItem, Times: 1}, ewstest.Withheld)
	remove()
	fmt.Println(len(srv.Withheld()), "withheld")
	srv.ActWithheld(0)
	fmt.Println(len(alice.Folder(ews.FolderInbox).Messages()), "left, faults struck:", lie.Struck())
	// Output:
	// Invoice: true false
	// Lunch: true true
	// Invoice: false false
	// 1 withheld
	// 0 left, faults struck: 1
}

// A hook changes the state between two requests: the user moves the message away
// just before the client asks for it.
func ExampleServer_OnRequest() {
	srv := ewstest.NewServer(nil)
	alice := srv.Mailbox("alice@example.test")
	m := alice.Deliver([]byte("Subject: Invoice\r\n\r\nPay!\r\n"))
	srv.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpGetItem {
			alice.MoveMessage(m.ID, alice.Folder(ews.FolderJunkEmail))
		}
	})

	res, err := srv.Client("svc", nil).GetItem(context.Background(), ews.GetItemRequest{IDs: []ews.ItemID{m.ID}})
	if err == nil {
		err = res.Err()
	}
	fmt.Println(errors.Is(err, ews.ErrNotFound), alice.Messages()[0].Folder)
	// Output: true /Junk Email
}

// An organisation described in JSON, here in a string instead of a file.
func ExampleLoadScenario() {
	sc, err := ewstest.LoadScenario(strings.NewReader(`{
		"domain": "corp.example",
		"mailboxes": [{"address": "anna@corp.example", "language": "de"}],
		"messages": [{"mailbox": "anna@corp.example", "eml": "Subject: Hallo\r\n\r\n", "folder": "junkemail"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	srv, err := sc.NewServer(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	for _, m := range srv.Mailbox("anna@corp.example").Messages() {
		fmt.Println(m.Folder, m.Subject)
	}
	// Output: /Junk-E-Mail Hallo
}

// MIME is generated from the properties, so it differs from what was delivered.
func ExampleMailbox_Deliver() {
	srv := ewstest.NewServer(nil)
	m := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: Hi\nFrom: eve@evil.example\n\nHello\n"))
	for line := range strings.SplitSeq(string(m.MIME), "\r\n") {
		fmt.Printf("%q\n", line)
	}
	// Output:
	// "From: eve@evil.example"
	// "Subject: Hi"
	// "X-MS-Has-Attach: "
	// ""
	// "Hello"
	// ""
}

// A server with the default budgets of its version, except for a cut-off that is soon
// reached.
func ExampleThrottling() {
	policy := ewstest.DefaultThrottling(ewstest.ExchangeSE)
	policy.EwsMaxBurst, policy.EwsCutoffBalance = 1, 1 // milliseconds
	policy.Cost = ewstest.Costs{"": {Item: 5 * time.Millisecond}}.Of
	srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeSE, Throttling: policy})
	defer srv.Close()
	client := srv.Client("svc", &ews.Options{ReadAttempts: 1}).ForMailbox("alice@example.test")
	inbox := ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "alice@example.test"}}}
	for range 2 {
		_, err := client.GetFolder(context.Background(), inbox)
		busy, ok := errors.AsType[*ews.ResponseError](err)
		if ok {
			fmt.Println(busy.Code, "for", busy.BackOff.Round(time.Minute))
		}
	}
	spent := srv.Spending("svc")
	fmt.Println(spent.Calls, "call took", spent.Charged, "and", spent.Busy, "was refused")
	// Output:
	// ErrorServerBusy for 5m0s
	// 1 call took 5ms and 1 was refused
}
