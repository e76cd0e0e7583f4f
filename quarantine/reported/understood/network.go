package understood

import (
	"regexp"
	"strings"
)

// outlookReport matches the subject that Outlook's own button gives a report: a number, the
// id that Exchange gave the message, the sender's network address, the sender's mail
// address, and the subject. See
// https://learn.microsoft.com/defender-office-365/submissions-user-reported-messages-custom-mailbox
var outlookReport = regexp.MustCompile(`^\d{1,2}\|([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\|[^|]*\|([^|]*)\|(.*)$`)

// addNetwork adds the information in the subject of an Outlook report to its message, or
// adds a message of which nothing else is known.
func (p *parser) addNetwork() {
	m := outlookReport.FindStringSubmatch(p.report.Subject)
	if m == nil {
		return
	}
	switch r := &p.report; len(r.Messages) {
	case 0:
		one := Message{Form: FormButton, Confidence: Low, NetworkMessageID: p.keep(m[1], maxField)}
		if a := addressIn(m[2]); a != "" {
			one.From = []Address{{Email: p.keep(a, maxField)}}
		}
		subject := strings.TrimSpace(m[3])
		if inner, ok := strings.CutPrefix(subject, "("); ok {
			subject = strings.TrimSuffix(inner, ")")
		}
		one.Subject = p.keep(subject, maxField)
		r.Messages = append(r.Messages, one)
		p.incomplete("the report has no message with it, only what its subject says of one")
	case 1:
		if one := &r.Messages[0]; one.NetworkMessageID == "" && one.Form != FormOpaque {
			one.NetworkMessageID = p.keep(m[1], maxField)
		}
	}
}
