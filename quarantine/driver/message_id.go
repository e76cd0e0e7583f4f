package driver

import "strings"

// A sender may write a Message-ID that is none (RFC 5322, section 3.6.4), servers keep
// it as it stands, and alerts quote it with what stood around it. So an id is looked
// for as it was asked for, and as it was probably meant.

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

// withoutBrackets returns an id without angle brackets around it, of which one may be
// missing, and without the white space inside them. What has others inside stays.
func withoutBrackets(id string) string {
	id = strings.TrimSpace(id)
	inner := strings.TrimSpace(strings.TrimRight(strings.TrimLeft(id, "<"), ">"))
	if strings.ContainsAny(inner, "<>") {
		return id
	}
	return inner
}

// MessageIDSpellings returns how the header of a message that is meant by an id may
// read: as asked, with and without brackets, and with what senders get wrong about
// them. They are distinct; the first is the usual one.
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

// MeansMessageID reports whether the id of a message is one that is meant by what
// someone has asked for.
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
		// Behind the id may stand what a server on the way has added.
		if end := len(want) + 2; len(id) > end && same(id[:end], "<"+want+">") && !strings.ContainsAny(id[end:], "<>") {
			return true
		}
	}
	return false
}
