package understood

import (
	"regexp"
	"strings"
)

var (
	// mailed matches an address, pointed one in brackets. Apostrophes may be in it, and
	// around it.
	mailed  = regexp.MustCompile(`[^\s<>"'()\[\]:;,=|` + "`" + `][^\s<>"()\[\]:;,=|` + "`" + `]{0,199}@[^\s<>"'()\[\]:;,=|` + "`" + `]{1,255}`)
	pointed = regexp.MustCompile(`[<\[＜]\s*'?(?i:(?:mailto|smtp):)?\s*([^\s<>"'()\[\]:;,=][^\s<>"()\[\]:;,=]{0,199}@[^\s<>"'()\[\]:;,=]{1,255})'?\s*[>\]＞]`)
)

// addressIn returns the address in a value: name <a@b>, name [mailto:a@b], or alone.
// Attackers write somebody else's address as the name, so the last one in brackets counts.
// That is also the author's address if somebody else sent the message on the author's
// behalf.
func addressIn(value string) string {
	address := mailed.FindString(value)
	if all := pointed.FindAllStringSubmatch(value, -1); len(all) > 0 {
		address = all[len(all)-1][1]
	}
	return strings.TrimRight(address, ".>")
}

// personIn returns the person that a value names.
func personIn(value string) Address {
	a := Address{Email: addressIn(value)}
	name := value
	if at := strings.LastIndex(value, a.Email); a.Email != "" && at >= 0 {
		name = strings.TrimRight(value[:at], " \t<[＜")
		for _, scheme := range []string{"mailto:", "smtp:"} {
			if n := len(name) - len(scheme); n >= 0 && strings.EqualFold(name[n:], scheme) {
				name = strings.TrimRight(name[:n], " \t<[＜")
			}
		}
	}
	if name = strings.Trim(clean(name), `"' `); name != a.Email {
		a.Name = name
	}
	return a
}
