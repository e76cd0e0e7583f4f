package ewstest

import (
	"encoding/hex"
	"mime"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// deliveryReport is a kind of report about a delivery (RFC 3464).
type deliveryReport struct{ subject, class, action, text string }

var (
	failures    = deliveryReport{"Undeliverable: ", "REPORT.IPM.Note.NDR", "failed", "Delivery has failed to these recipients or groups:"}
	deliveries  = deliveryReport{"Delivered: ", "REPORT.IPM.Note.DR", "delivered", "Your message has been delivered to the following recipients:"}
	relays      = deliveryReport{"Relayed: ", "REPORT.IPM.Note.Relayed.DR", "relayed", "Delivery to these recipients or groups is complete, but no delivery notification was sent by the destination server:"}
	expansions  = deliveryReport{"Expanded: ", "REPORT.IPM.Note.Expanded.DR", "expanded", "The following distribution groups have been expanded:"}
	reportAbout = map[outcome]deliveryReport{delivered: deliveries, relayed: relays, expanded: expansions, nobody: failures, tooFull: failures}
)

// report tells the sender of a message what became of it: failures always, the rest on
// request. There are no reports about reports, and none are sent to other servers.
func (s *Server) report(l letter, fates []fate) {
	box := s.org.ByAddress(l.back.Email)
	if box == nil || box.Gone && !box.Moving {
		return
	}
	about := eml.Parse(l.raw)
	for _, r := range []deliveryReport{failures, deliveries, relays, expansions} {
		var addresses, status []string
		for _, f := range fates {
			if reportAbout[f.outcome] == r {
				addresses = append(addresses, f.address)
				status = append(status, "Final-Recipient: rfc822;"+f.address+"\r\nAction: "+r.action+"\r\n"+s.status(f.outcome)+"\r\n")
			}
		}
		if len(addresses) == 0 || r != failures && !l.reports {
			continue
		}
		from := eml.Address{Name: "Microsoft Outlook", Email: "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@" + s.opts.Domain}
		m := multipartReport{kind: "delivery-status", from: from, to: l.back, subject: r.subject, text: r.text + "\r\n\r\n" + strings.Join(addresses, "\r\n")}
		m.fields = "Reporting-MTA: dns;mail." + s.opts.Domain + "\r\n\r\n" + strings.Join(status, "\r\n")
		if r == failures {
			m.original = l.raw
		}
		s.deliverTo(box, mailstore.New{MIME: s.compose(m, about), Class: r.class})
	}
}

// status returns the fields about one recipient. Exchange 2016 and later use a more
// specific status for an address that does not exist.
func (s *Server) status(o outcome) string {
	switch {
	case o == nobody && s.opts.Version >= Exchange2016:
		return "Status: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n"
	case o == nobody:
		return "Status: 5.1.1\r\nDiagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found\r\n"
	case o == tooFull:
		return "Status: 5.2.2\r\nDiagnostic-Code: smtp;554 5.2.2 mailbox full\r\n"
	}
	return "Status: 2.0.0\r\n"
}

// receipts are the kinds of notices about what became of a message in a mailbox (RFC
// 8098).
var receipts = map[string]struct{ subject, class, disposition, text string }{
	"IPNRN":  {"Read: ", "REPORT.IPM.Note.IPNRN", "displayed", "Your message was read on "},
	"IPNNRN": {"Not read: ", "REPORT.IPM.Note.IPNNRN", "deleted", "Your message was deleted without being read on "},
}

// deliverReceipt delivers a notice as a message, if the person who asked for it has a
// mailbox here.
func (s *Server) deliverReceipt(n mailstore.Notice) {
	r := receipts[n.Kind]
	boxes, _ := s.route([]eml.Address{{Email: n.To}})
	if len(boxes) == 0 {
		return
	}
	reader := n.Item.Folder.Mailbox
	about := n.Item.Content()
	m := multipartReport{
		kind: "disposition-notification", from: eml.Address{Name: reader.DisplayName, Email: reader.Address}, to: eml.Address{Email: n.To},
		subject: r.subject, text: r.text + s.opts.Now().UTC().Format(time.RFC1123) + ".",
		fields: "Final-Recipient: RFC822;" + reader.Address + "\r\nOriginal-Message-ID: " + oneLine(about.Header("Message-ID")) +
			"\r\nDisposition: automatic-action/MDN-sent-automatically; " + r.disposition + "\r\n",
	}
	raw := append([]byte(s.trace(eml.Address{})), s.compose(m, about)...)
	for _, box := range boxes {
		if !box.Full(int64(len(raw))) {
			s.deliverTo(box, mailstore.New{MIME: raw, Class: r.class})
		}
	}
}

// multipartReport is a message of the type multipart/report.
type multipartReport struct {
	kind     string
	from, to eml.Address
	subject  string // prefix to the subject of the message it is about
	text     string
	fields   string // machine-readable
	original []byte // nil: not included
}

// compose returns the MIME of a report about a message.
func (s *Server) compose(r multipartReport, about *eml.Message) []byte {
	boundary := hex.EncodeToString(s.org.Random(16))
	var b strings.Builder
	field := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	field("From", eml.FormatAddresses([]eml.Address{r.from}))
	field("To", eml.FormatAddresses([]eml.Address{r.to}))
	field("Subject", mime.QEncoding.Encode("utf-8", oneLine(r.subject+about.Header("Subject"))))
	field("Date", s.opts.Now().UTC().Format(time.RFC1123Z))
	field("Message-ID", s.newMessageID())
	if id := oneLine(about.Header("Message-ID")); id != "" {
		field("In-Reply-To", id)
		field("References", id)
	}
	field("Auto-Submitted", "auto-replied")
	field("MIME-Version", "1.0")
	field("Content-Type", "multipart/report; report-type="+r.kind+`; boundary="`+boundary+`"`)
	part := func(kind, content string) {
		b.WriteString("\r\n--" + boundary + "\r\nContent-Type: " + kind + "\r\n\r\n" + content)
	}
	part("text/plain; charset=utf-8", r.text+"\r\n")
	part("message/"+r.kind, r.fields)
	if r.original != nil {
		part("message/rfc822", string(r.original))
	}
	b.WriteString("\r\n--" + boundary + "--\r\n")
	return []byte(b.String())
}

// oneLine returns a header text without line ends.
func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }
