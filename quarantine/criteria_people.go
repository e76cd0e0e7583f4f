package quarantine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errUnresolved is returned for a message that names people other than by SMTP
// address.
var errUnresolved = errors.New("the server returns no SMTP address for its sender or recipients")

// people checks the addresses of a message: in the properties that the mail system
// keeps, then in the header as it was received, then in the header of the message
// itself. A mail system keeps less than a header contains, so its properties can prove
// a match, but can rule one out only if there is no header.
func (s *sifter) people(ctx context.Context, m driver.Candidate) (matching, error) {
	c := s.criteria
	if c.Sender == "" && c.Recipient == "" && c.ReplyTo == "" {
		return matchYes, nil
	}
	v := c.matchPeople(m, m.Header, false)
	if v != matchUnsure {
		return v, nil
	}
	message, err := s.searcher.Open(ctx, m.Item)
	if err != nil {
		return matchNo, err
	}
	defer message.Close()
	header, err := readHeader(message)
	if v = c.matchPeople(m, header, true); v == matchYes {
		return v, nil
	}
	if err == nil && v == matchUnsure {
		err = errUnresolved
	}
	return v, err
}

// matchPeople checks addresses in what the mail system keeps and in a header. Last
// means that there is nothing else to look at.
func (c Criteria) matchPeople(m driver.Candidate, header string, last bool) matching {
	v := matchYes
	if c.ReplyTo != "" {
		v = worse(v, matchPerson(c.ReplyTo, nil, header, last, "Reply-To"))
	}
	last = last || m.Own
	if c.Sender != "" {
		v = worse(v, matchPerson(c.Sender, m.Senders, header, last, "From", "Sender", "Return-Path"))
	}
	if c.Recipient != "" {
		v = worse(v, matchPerson(c.Recipient, m.Recipients, header, last, "To", "Cc", "Bcc"))
	}
	return v
}

// matchPerson checks one address.
func matchPerson(address string, known []driver.Party, header string, last bool, names ...string) matching {
	v := among(address, known)
	if v == matchYes {
		return v
	}
	whole := len(headerscan.Fields(header, "From")) > 0 // every message has it; otherwise the header is missing or incomplete
	want, any, hidden := headerscan.NewAddress(address), false, false
	for _, value := range headerscan.Fields(header, names...) {
		if want.In(value) {
			return matchYes
		}
		any, hidden = any || headerscan.Any(value), hidden || encapsulated(value)
	}
	switch {
	case hidden:
		return matchUnsure // like any X.500 name, it may be anybody's
	case whole && any:
		return matchNo // others are named
	case v == matchNo && !whole && !last:
		return matchUnsure
	}
	return v
}

// maxHeader is how much of a message is read for its header. Exchange accepts 256 kB.
const maxHeader = 1 << 20

// readHeader reads the header of a message.
func readHeader(message io.Reader) (string, error) {
	r := bufio.NewReader(io.LimitReader(message, maxHeader))
	var b strings.Builder
	begun := false
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		blank := strings.Trim(line, "\r\n") == ""
		begun = begun || !blank
		switch {
		case begun && blank && err == nil:
			return b.String(), nil
		case errors.Is(err, io.EOF) && b.Len() == maxHeader:
			return b.String(), fmt.Errorf("the header of the message is longer than %d bytes, so its people are not known", maxHeader)
		case errors.Is(err, io.EOF):
			return b.String(), nil
		case err != nil:
			return b.String(), err
		}
	}
}
