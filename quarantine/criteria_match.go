package quarantine

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// matchFound checks what the answer to a search tells: the kind of the item, its
// subject and when it was received. Of searchProperties it needs
// [ews.FieldSubject] and [ews.FieldDateTimeReceived].
func (c Criteria) matchFound(it ews.Item) bool {
	switch it.Kind {
	case "Contact", "DistributionList", "Task":
		return false // no mail, though it has a subject and a time
	}
	return c.matchReceived(it.Received) && c.matchSubject(it.Subject)
}

func (c Criteria) matchReceived(t time.Time) bool {
	if t.IsZero() {
		return c.ReceivedAfter.IsZero() && c.ReceivedBefore.IsZero()
	}
	return (c.ReceivedAfter.IsZero() || !t.Before(c.ReceivedAfter.Truncate(time.Second))) &&
		(c.ReceivedBefore.IsZero() || t.Before(c.ReceivedBefore))
}

func (c Criteria) matchSubject(subject string) bool {
	if c.Subject == "" {
		return true
	}
	want, got := foldSubject(c.Subject), foldSubject(subject)
	if cut := utf8.RuneCountInString(subject) >= cutLength; cut && strings.HasPrefix(want, got) {
		return true // the server keeps no more of it
	}
	switch c.SubjectMatch {
	case SubjectPrefix:
		return strings.HasPrefix(got, want)
	case SubjectContains:
		return strings.Contains(got, want)
	}
	return got == want
}

// foldSubject makes subjects comparable. To lower case by way of upper case, as
// characters have several of one and the same of the other.
func foldSubject(s string) string {
	return strings.ToLower(strings.ToUpper(strings.Join(words(s), " ")))
}

// needsDetails reports whether the properties of items have to be read that a
// search does not return.
func (c Criteria) needsDetails() bool {
	return c.Sender != "" || c.Recipient != "" || c.AttachmentName != "" || c.AttachmentSHA256 != "" || c.URL != ""
}

// detailProperties are the properties that matchDetails and matchesContent look
// at, for GetItem.
func (c Criteria) detailProperties() []ews.PropertyPath {
	properties := []ews.PropertyPath{ews.FieldItemClass}
	if c.Sender != "" {
		properties = append(properties, ews.FieldFrom, ews.FieldSender)
		for _, f := range senderAddresses {
			properties = append(properties, f)
		}
	}
	if c.Recipient != "" {
		properties = append(properties, ews.FieldToRecipients, ews.FieldCcRecipients, ews.FieldBccRecipients)
	}
	if c.AttachmentName != "" || c.AttachmentSHA256 != "" {
		properties = append(properties, ews.FieldAttachments)
	}
	return properties
}

var senderAddresses = []ews.ExtendedField{
	ews.PidTagSenderSMTPAddress, pidTagSentRepresentingSMTPAddress, pidTagSenderEmailAddress, pidTagSentRepresentingEmailAddress,
}

// matching is what is known of whether a message matches.
type matching int

const (
	matchNo     matching = iota
	matchYes             // as far as it was looked
	matchUnsure          // what was looked at does not tell
)

// matchDetails checks addresses, and whether there is an attachment at all that
// may be the one. Whether it is, and all the rest, matchMIME tells.
func (c Criteria) matchDetails(it ews.Item) matching {
	v := matchYes
	if c.Sender != "" {
		value := func(f ews.ExtendedField) string { p, _ := it.Property(f); return p.Value }
		v = worse(v, among(c.Sender,
			[]string{it.Sender.EmailAddress, value(ews.PidTagSenderSMTPAddress), value(pidTagSenderEmailAddress)},
			[]string{it.From.EmailAddress, value(pidTagSentRepresentingSMTPAddress), value(pidTagSentRepresentingEmailAddress)}))
	}
	if c.Recipient != "" {
		var people [][]string
		for _, m := range slices.Concat(it.To, it.Cc, it.Bcc) {
			people = append(people, []string{m.EmailAddress})
		}
		v = worse(v, among(c.Recipient, people...))
	}
	hidden := hidesAttachments(it)
	if c.AttachmentSHA256 != "" && len(it.Attachments) == 0 && !hidden {
		v = matchNo
	}
	if c.AttachmentName != "" && !hidden && !c.nameAmong(it.Attachments) {
		v = matchNo
	}
	return v
}

// worse returns what is known of two things that must both hold.
func worse(a, b matching) matching {
	switch {
	case a == matchNo || b == matchNo:
		return matchNo
	case a == matchUnsure || b == matchUnsure:
		return matchUnsure
	}
	return matchYes
}

// among looks for an address among those of some people. People of whom no SMTP
// address is known may be the one.
func among(want string, people ...[]string) matching {
	v := matchNo
	for _, addresses := range people {
		known, named := false, false
		for _, a := range addresses {
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

// hidesAttachments reports whether an item may have attachments that the server
// does not list: in messages that are attached, or within a signature.
func hidesAttachments(it ews.Item) bool {
	return strings.Contains(strings.ToUpper(it.Class), ".SMIME") || slices.ContainsFunc(it.Attachments, func(a ews.Attachment) bool {
		return a.IsItem || strings.EqualFold(a.Name, "smime.p7m")
	})
}

func (c Criteria) nameAmong(attachments []ews.Attachment) bool {
	return slices.ContainsFunc(attachments, func(a ews.Attachment) bool { return c.matchAttachmentName(a.Name) })
}

func (c Criteria) matchAttachmentName(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(c.AttachmentName))
}
