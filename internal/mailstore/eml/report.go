package eml

import (
	"io"
	"slices"
	"strings"
)

// maxReport limits the machine-readable part of a report, in bytes.
const maxReport = 64 << 10

// actions has the suffixes of the classes of delivery reports, by what became of the
// message, worst first ([MS-OXCMAIL], section 2.2.3.7.1).
var actions = []struct{ action, class string }{
	{"failed", "NDR"}, {"delayed", "Delayed.DR"}, {"relayed", "Relayed.DR"}, {"expanded", "Expanded.DR"}, {"delivered", "DR"},
}

// delivery returns the suffix of the class of a delivery report. A report without an action
// counts as one about a failure.
func (m *Message) delivery() string {
	told := m.reported("message/delivery-status", "Action")
	for _, a := range actions {
		if slices.Contains(told, a.action) {
			return a.class
		}
	}
	return "NDR"
}

// disposition returns the suffix of the class of a report on what became of a message in a
// mailbox: IPNNRN if it was not read.
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

// reported returns the values, in lower case, of a field in the parts of a kind.
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
