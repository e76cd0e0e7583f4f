package quarantine

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// examines reports whether matching needs more of a message than its subject and
// time.
func (c Criteria) examines() bool {
	return c.Sender != "" || c.Recipient != "" || c.AttachmentName != "" || c.AttachmentSHA256 != "" || c.URL != ""
}

// matching is whether a message is known to match.
type matching int

const (
	matchNo     matching = iota
	matchYes             // as far as was checked
	matchUnsure          // what was checked does not decide it
)

// matchAttachments checks whether any attachment could be the one. matchMIME decides
// the rest.
func (c Criteria) matchAttachments(it driver.Item) matching {
	hidden := hidesAttachments(it)
	switch {
	case c.AttachmentSHA256 != "" && len(it.Attachments) == 0 && !hidden,
		c.AttachmentName != "" && !hidden && !c.nameAmong(it.Attachments):
		return matchNo
	}
	return matchYes
}

// worse combines two results that must both match.
func worse(a, b matching) matching {
	switch {
	case a == matchNo || b == matchNo:
		return matchNo
	case a == matchUnsure || b == matchUnsure:
		return matchUnsure
	}
	return matchYes
}

// among searches for an address among people. A person whose SMTP address is
// not known might be the one.
func among(want string, people []driver.Party) matching {
	v := matchNo
	for _, who := range people {
		known, named := false, false
		for _, a := range who.Addresses {
			a = strings.TrimSpace(a)
			if strings.EqualFold(a, want) {
				return matchYes
			}
			named = named || a != ""
			known = known || strings.Contains(a, "@")
		}
		if named && !known {
			v = matchUnsure
		}
	}
	return v
}

// hidesAttachments reports whether a message may have attachments that the
// server does not list: in attached messages, or inside a signed or encrypted
// message.
func hidesAttachments(it driver.Item) bool {
	return strings.Contains(strings.ToUpper(it.Class), ".SMIME") || slices.ContainsFunc(it.Attachments, func(a driver.Attachment) bool {
		return a.Message || strings.EqualFold(a.Name, "smime.p7m")
	})
}

func (c Criteria) nameAmong(attachments []driver.Attachment) bool {
	return slices.ContainsFunc(attachments, func(a driver.Attachment) bool { return c.matchAttachmentName(a.Name) })
}

func (c Criteria) matchAttachmentName(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(c.AttachmentName))
}
