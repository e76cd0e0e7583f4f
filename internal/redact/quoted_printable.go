package redact

// quotedPrintableAt undoes the escape of quoted-printable (RFC 2045, section 6.7) or a
// soft line break at the beginning of s. It is not part of unescapeAt, because "=" also
// separates the name and the value of a parameter, and hex digits may follow.
func quotedPrintableAt(s []byte) ([]byte, int) {
	if s[0] != '=' {
		return nil, 0
	}
	if r, ok := hexAt(s, 1, 2); ok {
		return []byte{byte(r)}, 3
	}
	n := 1
	for n < len(s) && n < maxPadding && (s[n] == ' ' || s[n] == '\t') { // added in transport
		n++
	}
	if end := lineEnd(s[n:]); end > 0 {
		return nil, n + end
	}
	return nil, 0
}

// maxPadding bounds the blanks that are looked at before a soft line break.
const maxPadding = 64

// lineEnd returns the length of the line end at the beginning of s, or 0 if s does not
// begin with one.
func lineEnd(s []byte) int {
	switch {
	case len(s) > 1 && s[0] == '\r' && s[1] == '\n':
		return 2
	case len(s) > 0 && (s[0] == '\r' || s[0] == '\n'):
		return 1
	}
	return 0
}
