// Command service is a small HTTP service around package quarantine, as a
// security product would embed it: something tells it that a message is
// malicious, it takes the message out of the mailboxes, and others can see what
// became of it or have it undone. It is meant to be read, and to be copied from.
//
// # Trying it
//
// In one terminal, an Exchange for tests:
//
//	go run ./examples/exchange -load alice@example.test=testdata/mail
//
// In another, the service:
//
//	cat > ewsq.json <<'END'
//	{
//	  "ewsUrl": "http://127.0.0.1:8080/EWS/Exchange.asmx",
//	  "quarantineMailbox": "quarantine@example.test",
//	  "authentication": {"type": "basic", "username": "svc@example.test"},
//	  "messageIdSearch": true,
//	  "journalFile": "ewsq.journal"
//	}
//	END
//	EWSQ_PASSWORD=svc-password go run ./examples/service -config ewsq.json -data alerts
//
// And in a third:
//
//	curl -i 127.0.0.1:8081/alerts -H 'Content-Type: application/json' -H 'Idempotency-Key: incident-17' \
//	    -d '{"mailboxes":["alice@example.test","bob@example.test"],"messageId":"<20261124.1@evil.example>","reason":"phishing"}'
//	curl 127.0.0.1:8081/alerts/incident-17
//	curl -X POST 127.0.0.1:8081/alerts/incident-17/restore
//	curl 127.0.0.1:8081/alerts/incident-17
//
// Without a Message-ID, messages are described; see [quarantine.Criteria]:
//
//	curl 127.0.0.1:8081/alerts -H 'Content-Type: application/json' \
//	    -d '{"mailboxes":["alice@example.test"],"criteria":{"subject":"Your mailbox is full","subjectMatch":"prefix"}}'
//
// # How it is made
//
// An alert is on the disk before it is acknowledged (store.go). A bounded
// number of workers hands its mailboxes to a [quarantine.Router], which finds the
// server of each, and keeps the receipt of each as soon as it is there (work.go).
// So there are two records of what is being done: the alerts, which are the
// product's, and the journal of the SDK, which knows the single item.
//
// Whatever ends the process, the next start settles the journal with
// [quarantine.Router.Recover] and then runs the open alerts again. That is safe
// because quarantine and restore can be repeated: what is done already is
// recognised by its stamp, and its receipt says alreadyQuarantined.
//
// An alert is done when each mailbox has a receipt or an error. The SDK has by
// then repeated what fails for a passing reason; whoever posts alerts decides
// about the rest, and may post the same again under another id.
//
// # What a product would add
//
// TLS, or a proxy in front that has it; callers with rights of their own; the
// deletion of old alerts, which are kept for good here; metrics.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}
