package driver

import "strings"

// A sender may write a Message-ID that is not a valid one (RFC 5322, section 3.6.4),
// servers keep it as it stands, and alerts quote it together with the text around it.
// So an id is looked for as it was asked for, and as it was probably meant.

// BareMessageID returns a Message-ID without surrounding white space and angle
// brackets.
func BareMessageID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = id[1 : len(id)-1]
	}
	return strings.TrimSpace(id)
}

// SameMessageID reports whether two Message-IDs are the same, ignoring angle
// brackets and surrounding white space. They are case-sensitive (RFC 5322,
// section 3.6.4).
func SameMessageID(a, b string) bool { return BareMessageID(a) == BareMessageID(b) }

// withoutBrackets returns an id without the angle brackets around it, one of which
// may be missing, and without the white space inside them. An id with other brackets
// inside stays as it is.
func withoutBrackets(id string) string {
	id = strings.TrimSpace(id)
	inner := strings.TrimSpace(strings.TrimRight(strings.TrimLeft(id, "<"), ">"))
	if strings.ContainsAny(inner, "<>") {
		return id
	}
	return inner
}

// MessageIDSpellings returns the forms that the header of a message that is meant
// by an id may have: as asked, with and without brackets, and with the mistakes
// that senders make with brackets. They are distinct; the first is the usual one.
func MessageIDSpellings(asked string) []string {
	var all []string
	seen := make(map[string]bool)
	add := func(ids ...string) {
		for _, id := range ids {
			if !seen[id] && strings.Trim(id, "<> ") != "" {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	bare, meant := BareMessageID(asked), MeantMessageID(asked)
	add("<"+bare+">", bare, strings.TrimSpace(asked))
	if meant != "" {
		add("<"+meant+">", meant, "< "+meant+" >", "<"+meant+" >", "< "+meant+">", "<"+meant, meant+">", "<<"+meant+">>")
	}
	return all
}

// MeansMessageID reports whether the id of a message is meant by what someone has
// asked for.
func MeansMessageID(asked, id string) bool {
	return meansMessageID(asked, id, func(a, b string) bool { return a == b })
}

func meansMessageID(asked, id string, same func(a, b string) bool) bool {
	kept := withoutBrackets(id)
	for _, want := range []string{withoutBrackets(asked), MeantMessageID(asked)} {
		if want == "" || kept == "" {
			continue
		}
		if same(want, kept) || same(want, MeantMessageID(id)) {
			return true
		}
		// A server on the way may have added something after the id.
		if end := len(want) + 2; len(id) > end && same(id[:end], "<"+want+">") && !strings.ContainsAny(id[end:], "<>") {
			return true
		}
	}
	return false
}
