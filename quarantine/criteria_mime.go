package quarantine

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errOpaque is returned for a message that may conceal what was searched for.
var errOpaque = errors.New("the message is encrypted or wrapped, so its content cannot be examined")

// errUnsure is returned for a message that could not be read as its sender intended.
var errUnsure = errors.New("what was asked for was not found, but may be there")

// errHalfShown is returned for a message with a link that may lead to the URL.
var errHalfShown = errors.New("a link of a protection service may lead to the URL: it shows the domain only, or is wrapped too often")

// needsMIME reports whether the message itself must be read after its properties
// have not ruled it out.
func (c Criteria) needsMIME(it driver.Item) bool {
	return c.URL != "" || c.AttachmentSHA256 != "" || c.AttachmentName != "" && !c.nameAmong(it.Attachments)
}

// matchMIME reads a message and reports whether it has the wanted link and attachments;
// it checks none of the other criteria. The message is neither held in memory nor read
// further than needed. It returns an error if there is no certain answer.
func (c Criteria) matchMIME(r io.Reader) (bool, error) {
	w := wanted{Criteria: c}
	var h mimescan.Handler
	if c.URL != "" {
		matcher, err := linkunwrap.NewMatcher(c.URL)
		if err != nil {
			return false, fmt.Errorf("url: %w", err)
		}
		w.matcher, w.link = matcher, true
		h.Link = w.seeLink
	}
	if c.AttachmentSHA256 != "" || c.AttachmentName != "" {
		w.sum, _ = hex.DecodeString(c.AttachmentSHA256)
		w.name = c.AttachmentName != ""
		h.Attachment = w.seeAttachment
	}
	if w.none() {
		return true, nil
	}
	report, err := mimescan.Scan(r, h)
	switch {
	case w.none():
		return true, nil
	case err != nil:
		return false, err
	case report.Opaque != "":
		return false, fmt.Errorf("%w (%s)", errOpaque, report.Opaque)
	case w.maybe != nil:
		return false, w.maybe
	case c.URL != "" && report.Links != "":
		return false, fmt.Errorf("%w: %s", errUnsure, report.Links)
	case (c.AttachmentName != "" || c.AttachmentSHA256 != "") && report.Attachments != "":
		return false, fmt.Errorf("%w: %s", errUnsure, report.Attachments)
	}
	return false, nil
}

// wanted is what a message must contain and has not been seen in it so far.
type wanted struct {
	Criteria
	matcher *linkunwrap.Matcher

	link, name bool
	sum        []byte

	maybe error // why something that was seen may be what is wanted
}

// none reports whether everything has been seen.
func (w *wanted) none() bool { return !w.link && !w.name && len(w.sum) == 0 }

// done ends the scan once everything has been seen.
func (w *wanted) done() error {
	if w.none() {
		return mimescan.ErrStop
	}
	return nil
}

func (w *wanted) seeLink(link string) error {
	if !w.link {
		return nil
	}
	switch w.matcher.Check(link) {
	case linkunwrap.Yes:
		w.link = false
	case linkunwrap.Maybe:
		w.maybe = errHalfShown
	}
	return w.done()
}

func (w *wanted) seeAttachment(a mimescan.Attachment) error {
	if bytes.Equal(w.sum, a.SHA256[:]) {
		w.sum = nil
	}
	if w.name {
		switch {
		case w.matchAttachmentName(a.Name) || slices.ContainsFunc(a.Aliases, w.matchAttachmentName):
			w.name = false
		case a.Guessed && !isASCII(w.AttachmentName):
			w.maybe = fmt.Errorf("%w: the name of an attachment is in a charset that is not known", errUnsure)
		}
	}
	return w.done()
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
