// Command service is a small HTTP service that embeds package quarantine as a
// security product would: a client reports a malicious message, the service takes it
// out of the mailboxes, and clients can see the results or undo them. It is meant to be
// read and copied from.
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
//	curl -X POST 127.0.0.1:8081/alerts/incident-17/restore -H 'Content-Type: application/json'
//	curl 127.0.0.1:8081/alerts/incident-17
//
// Messages without a known Message-ID are described by criteria; see
// [quarantine.Criteria]:
//
//	curl 127.0.0.1:8081/alerts -H 'Content-Type: application/json' \
//	    -d '{"mailboxes":["alice@example.test"],"criteria":{"subject":"Your mailbox is full","subjectMatch":"prefix"}}'
//
// # Reports of users
//
// With -reports the service reads the mailbox to which users report mail. To try it, start
// the Exchange for tests above with the additional flag
//
//	-load abuse@example.test=testdata/reports
//
// and the service with
//
//	cat > rules.json <<'END'
//	{"rules": [{"name": "fake helpdesk", "senders": ["evil.example"], "linkHosts": ["login.evil.example"]}]}
//	END
//	EWSQ_PASSWORD=svc-password go run ./examples/service -config ewsq.json -data alerts \
//	    -reports abuse@example.test -rules rules.json
//	curl 127.0.0.1:8081/reports
//
// A report that matches a rule becomes an alert (reports.go, report_rules.go), and is then
// treated like any other alert. Report and alert name each other, and the receipts name the
// alert. A report may be forged so that an innocent message is taken; the service therefore
// searches for the mark of the rule, not for the Message-ID that the report shows. Reports that
// match no rule are kept for people. The reporter is answered if -reply is given. A report stays
// in its mailbox until all of that is on disk, and is delivered again after a crash.
//
// # How it works
//
// An alert is on disk before it is acknowledged (store.go). A limited number of
// workers pass its mailboxes to a [quarantine.Router], which finds the server of each
// mailbox, and store each receipt as soon as it arrives (work.go). So there are two
// records of work in progress: the alerts, which belong to the product, and the
// journal of the SDK, which tracks individual items.
//
// Whatever ends the process, the next start settles the journal with
// [quarantine.Router.Recover] and then runs the open alerts again. That is safe
// because quarantine and restore can be repeated: an item that is already done is
// recognised by its stamp, and its receipt says alreadyQuarantined.
//
// A mailbox whose server stalls is given up after -timeout. Until then other alerts about
// it wait in their own lane, and hold no worker (lanes.go).
//
// If it is not yet known where a message is ([quarantine.Undecided]), the alert waits:
// a request may still take effect, so nothing is retried before -settle. Then the journal
// is recovered and the alert is run again, as at a start.
//
// An alert is done when each mailbox has a receipt or an error. By then the SDK has
// retried temporary failures; clients decide what to do about the others, and may post
// the same alert again with a different id.
//
// /metrics and /debug/vars show the counts of quarantine/counters (metrics.go).
//
// # Who is served
//
// Without SERVICE_TOKEN in the environment, the service listens only on this machine, and
// serves requests that come from it under one of its names (guard.go). A proxy on the same
// machine that sends none of Forwarded, X-Forwarded-For, X-Real-Ip and Via, and localhost
// as the host name, cannot be distinguished from a program on this machine; nor can a tunnel
// or a forwarded port. Behind these, and on a machine that others work on, set SERVICE_TOKEN.
//
// The number of connections is bounded (connections.go), and so are the time and size of
// a request (serve.go). /readyz answers 503 when an alert could not be recorded
// (room.go), because the disk of the alerts or of a journal is full or read-only, or a
// file could not be written. In the last case /healthz does as well: the whole file is
// checked after a restart.
//
// # What a product would add
//
// TLS, or a proxy in front that provides it; separate rights for each caller; deletion
// of old alerts, which are kept forever here.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// net/http logs unsolicited responses from a server there. They may echo the password.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}
