package eml

import (
	"io"
	"slices"
	"strings"
)

// maxReport limits the part of a report that is for programs, in bytes.
const maxReport = 64 << 10

// actions are the ends of the classes of reports about a delivery, by what became of the
// message, the worst first ([MS-OXCMAIL], section 2.2.3.7.1).
var actions = []struct{ action, class string }{
	{"failed", "NDR"}, {"delayed", "Delayed.DR"}, {"relayed", "Relayed.DR"}, {"expanded", "Expanded.DR"}, {"delivered", "DR"},
}

// delivery returns the end of the class of a report about a delivery. One that does not
// tell is about a failure.
func (m *Message) delivery() string {
	told := m.reported("message/delivery-status", "Action")
	for _, a := range actions {
		if slices.Contains(told, a.action) {
			return a.class
		}
	}
	return "NDR"
}

// disposition returns the end of the class of a report about what became of a message in
// a mailbox: IPNNRN if it was not read.
func (m *Message) disposition() string {
	for _, v := range m.reported("message/disposition-notification", "Disposition") {
		_, kind, _ := strings.Cut(v, ";")
		kind, _, _ = strings.Cut(kind, "/")
		switch strings.TrimSpace(kind) {
		case "deleted", "denied", "failed":
			return "IPNNRN"
		}
	}
	return "IPNRN"
}

// reported returns the values of a field, in lower case, in the parts of a kind.
func (m *Message) reported(kind, name string) []string {
	var all []string
	m.root.leaves(func(p *part) {
		if p.kind != kind {
			return
		}
		b, _ := io.ReadAll(io.LimitReader(p.open(), maxReport))
		for line := range strings.Lines(string(b)) {
			if field, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(field), name) {
				all = append(all, strings.ToLower(strings.TrimSpace(value)))
			}
		}
	})
	return all
}
