package quarantine

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// examines reports whether matching needs more of a message than its subject and
// time.
func (c Criteria) examines() bool {
	return c.Sender != "" || c.Recipient != "" || c.ReplyTo != "" || c.AttachmentName != "" || c.AttachmentSHA256 != "" || c.URL != ""
}

// matching is whether a message is known to match.
type matching int

const (
	matchNo     matching = iota
	matchYes             // as far as was checked
	matchUnsure          // what was checked does not decide it
)

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

// among looks for an address among people. A person whose SMTP address is not
// known might have it.
func among(want string, people []driver.Party) matching {
	v := matchNo
	for _, who := range people {
		known, named := false, false
		for _, a := range who.Addresses {
			a = strings.TrimSpace(a)
			if strings.EqualFold(mailname.Bare(a), mailname.Bare(want)) {
				return matchYes
			}
			named = named || a != ""
			known = known || strings.Contains(a, "@") && !encapsulated(a)
		}
		if named && !known {
			v = matchUnsure
		}
	}
	return v
}

// encapsulated reports whether a text has an X.500 name in the form of an SMTP address,
// such as IMCEAEX-_o=Example_cn=alice@example.com.
func encapsulated(text string) bool {
	return strings.Contains(strings.ToUpper(text), "IMCEAEX-")
}

func (c Criteria) nameAmong(attachments []driver.Attachment) bool {
	return slices.ContainsFunc(attachments, func(a driver.Attachment) bool { return c.matchAttachmentName(a.Name) })
}

// matchAttachmentName compares the name of an attachment, or its last element if it
// contains folders, with the wanted one.
func (c Criteria) matchAttachmentName(name string) bool {
	want := plainName(c.AttachmentName)
	forms := []string{name}
	if before, _, ok := strings.Cut(name, "\x00"); ok {
		forms = append(forms, before) // C programs see no more of it
	}
	if strings.Contains(name, "%") {
		forms = append(forms, mimeparam.Unescape(name)) // as browsers do
	}
	if strings.Contains(name, `\`) {
		forms = append(forms, strings.ReplaceAll(name, `\`, "")) // RFC 5322, section 3.2.4
	}
	for _, form := range forms {
		form = strings.TrimRight(form, `/\ `)
		if want == plainName(form) {
			return true
		}
		if i := strings.LastIndexAny(form, `/\:`); i >= 0 && want == plainName(form[i+1:]) {
			return true
		}
	}
	return false
}

// plainName returns a file name in the form in which it is compared: with composed
// characters, folded case and single blanks, and without surrounding blanks and quotation
// marks, dots at its end (which Windows drops), other punctuation there, and invisible
// marks.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if bare := strings.Trim(strings.TrimRight(name, `. ;,`), `"'“”„‘’ `); bare != "" {
		name = strings.TrimRight(bare, ". ")
	}
	return cases.Fold().String(norm.NFC.String(name))
}
