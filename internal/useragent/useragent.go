// Package useragent builds the User-Agent header of the SDK's clients.
package useragent

import (
	"errors"
	"strings"
)

// longest is how many bytes a product may add: allow lists compare the beginning of the
// header, and long headers are refused.
const longest = 256

// Join returns the header for a product that uses a client of the SDK, which is named
// own. The product comes first, because it is the more significant one (RFC 9110, section
// 10.1.5), and because rules that match the beginning look at it. An empty product is
// omitted, and so is own if the product already names it.
//
// The error, without the text of the product, explains why a header cannot carry it.
func Join(product, own string) (string, error) {
	switch {
	case product == "":
		return own, nil
	case len(product) > longest:
		return "", errors.New("is longer than 256 bytes; use a product and its version, such as Acme-Mail/2.1")
	case product != strings.TrimSpace(product):
		return "", errors.New("begins or ends with a space; use a product and its version, such as Acme-Mail/2.1")
	}
	for i := range len(product) {
		if product[i] < ' ' || product[i] > '~' {
			return "", errors.New("contains a character that is not allowed in a header; use a product and its version in ASCII, such as Acme-Mail/2.1")
		}
	}
	for token := range strings.SplitSeq(product, " ") {
		if token == own {
			return product, nil
		}
	}
	return product + " " + own, nil
}
