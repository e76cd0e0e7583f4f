package quarantine

import (
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

// errOpaque is returned for a message that may hide what was searched for.
var errOpaque = errors.New("the message is encrypted or wrapped, so its content cannot be examined")

// errUnsure is returned for a message that could not be read as its sender meant it.
var errUnsure = errors.New("what was asked for was not found, but may be there")

// errHalfShown is returned for a message with a link that may lead to the URL.
var errHalfShown = errors.New("a link of a protection service may lead to the URL: it shows the domain only, or is wrapped too often")

// needsMIME reports whether the message itself must be read after its properties
// have not ruled it out.
func (c Criteria) needsMIME(it driver.Item) bool {
	return c.URL != "" || c.AttachmentSHA256 != "" || c.AttachmentName != "" && !c.nameAmong(it.Attachments)
}

// matchMIME reads a message and reports whether it has the wanted link and
// attachments; it checks nothing else of the criteria. The message is not held
// in memory, nor read further than needed. It returns an error if the answer
// cannot be known.
func (c Criteria) matchMIME(r io.Reader) (bool, error) {
	h := mimescan.Handler{}
	open := 0       // conditions not met yet
	var maybe error // what would have met one
	saw := func(seen *bool) error {
		if !*seen {
			*seen = true
			open--
		}
		if open == 0 {
			return mimescan.ErrStop
		}
		return nil
	}
	if c.URL != "" {
		matcher, err := linkunwrap.NewMatcher(c.URL)
		if err != nil {
			return false, fmt.Errorf("url: %w", err)
		}
		open++
		seen := false
		h.Link = func(link string) error {
			if seen {
				return nil
			}
			switch matcher.Check(link) {
			case linkunwrap.Yes:
				return saw(&seen)
			case linkunwrap.Maybe:
				maybe = errHalfShown
			}
			return nil
		}
	}
	if c.AttachmentSHA256 != "" || c.AttachmentName != "" {
		want, _ := hex.DecodeString(c.AttachmentSHA256)
		sumSeen, nameSeen := len(want) == 0, c.AttachmentName == ""
		if !sumSeen {
			open++
		}
		if !nameSeen {
			open++
		}
		h.Attachment = func(a mimescan.Attachment) error {
			if !sumSeen && string(want) == string(a.SHA256[:]) {
				if err := saw(&sumSeen); err != nil {
					return err
				}
			}
			if nameSeen {
				return nil
			}
			if c.matchAttachmentName(a.Name) || slices.ContainsFunc(a.Aliases, c.matchAttachmentName) {
				return saw(&nameSeen)
			}
			if a.Guessed && !isASCII(c.AttachmentName) {
				maybe = fmt.Errorf("%w: the name of an attachment is in a charset that is not known", errUnsure)
			}
			return nil
		}
	}
	if open == 0 {
		return true, nil
	}
	report, err := mimescan.Scan(r, h)
	switch {
	case open == 0:
		return true, nil
	case err != nil:
		return false, err
	case report.Opaque != "":
		return false, fmt.Errorf("%w (%s)", errOpaque, report.Opaque)
	case maybe != nil:
		return false, maybe
	case c.URL != "" && report.Links != "":
		return false, fmt.Errorf("%w: %s", errUnsure, report.Links)
	case (c.AttachmentName != "" || c.AttachmentSHA256 != "") && report.Attachments != "":
		return false, fmt.Errorf("%w: %s", errUnsure, report.Attachments)
	}
	return false, nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
