package ewsmail

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// wayTTL is how long a refusal is remembered: mailboxes move and administrators
// change permissions, so a better way is retried now and then.
const wayTTL = time.Hour

// wayMemory remembers which ways a server has refused between two mailboxes.
type wayMemory struct {
	all []driver.Way

	mu      sync.Mutex
	refusal map[wayPair]map[driver.Way]time.Time
}

type wayPair struct{ from, to string }

func newWayMemory(chosen []driver.Way, delegate bool) (*wayMemory, error) {
	possible := []driver.Way{driver.WayTransfer, driver.WayMIME}
	if delegate {
		possible = []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	}
	for _, w := range chosen {
		if !slices.Contains(possible, w) {
			return nil, driver.Invalid("strategy options", "Ways", fmt.Sprintf("contains %q, which is not possible with this strategy; use only %q", w, possible))
		}
	}
	if len(chosen) == 0 {
		chosen = possible
	}
	return &wayMemory{all: slices.Clone(chosen), refusal: make(map[wayPair]map[driver.Way]time.Time)}, nil
}

// order returns the ways to try for a carriage: those that were not refused
// lately, or all if all were.
func (m *wayMemory) order(p wayPair, c driver.Carriage) []driver.Way {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(m.all), func(w driver.Way) bool {
		return slices.Contains(c.Except, w) || c.Only != "" && c.Only != w
	})
	if c.Only != "" {
		return all
	}
	var open []driver.Way
	for _, w := range all {
		if at, ok := m.refusal[p][w]; !ok || time.Since(at) > wayTTL {
			open = append(open, w)
		}
	}
	if len(open) == 0 {
		delete(m.refusal, p)
		return all
	}
	return open
}

func (m *wayMemory) refused(p wayPair, w driver.Way) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.refusal) >= maxMailboxes {
		clear(m.refusal)
	}
	if m.refusal[p] == nil {
		m.refusal[p] = make(map[driver.Way]time.Time)
	}
	m.refusal[p][w] = time.Now()
}

func (m *wayMemory) worked(p wayPair, w driver.Way) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.refusal[p], w)
}

// recourse is what to do after one way has failed.
type recourse int

const (
	final             recourse = iota // no other way would help, or this one may work later
	otherWay                          // certainly nothing was done: try the next way
	otherWayIfThere                   // try the next way, unless the item or the folder is gone
	otherWayAfterLook                 // try the next way, once it is certain that nothing was done
)

// recourseAfter returns what to do after a way has failed.
func recourseAfter(way driver.Way, err error) recourse {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	if errors.Is(err, ews.ErrUnsupportedVersion) {
		return otherWay
	}
	if !ok {
		return final
	}
	switch refused.Code {
	case "ErrorCrossMailboxMoveCopy", "ErrorCrossSiteRequest", "ErrorInvalidOperation",
		"ErrorContentConversionFailed", "ErrorMimeContentConversionFailed", "ErrorMimeContentInvalid",
		"ErrorMimeContentInvalidBase64String", "ErrorUnsupportedMimeConversion", "ErrorInvalidItemForOperationCreateItem",
		"ErrorItemCorrupt", "ErrorCorruptData", "ErrorMessageSizeExceeded", "ErrorAttachmentSizeLimitExceeded",
		"ErrorDataSizeLimitExceeded", "ErrorUnsupportedTypeForConversion", "ErrorObjectTypeChanged":
		return otherWay
	case "ErrorToFolderNotFound", "ErrorItemNotFound":
		// Servers answer this if a cross-mailbox move is not possible.
		if way == driver.WayMove {
			return otherWayIfThere
		}
	case "ErrorInternalServerError":
		// For a move this is often permanent. First it must be clear whether a
		// copy was made.
		return otherWayAfterLook
	case "ErrorAccessDenied":
		if way != driver.WayMIME {
			return otherWay
		}
	}
	return final
}
