package sealedfile

import (
	"errors"
	"fmt"
	"io"
)

var errNoHead = errors.New("it has no head of a bbolt file")

// heads returns both heads of a file, each with the reason if it cannot be used.
func heads(file io.ReaderAt, size int64) (both [2]head, errs [2]error) {
	buf := make([]byte, pageHeader+headSize)
	at := func(offset int64) (head, error) {
		if offset+int64(len(buf)) > size {
			return head{}, fmt.Errorf("the file of %d bytes is cut short", size)
		}
		if _, err := file.ReadAt(buf, offset); err != nil {
			return head{}, unexpected(err)
		}
		return parseHead(buf)
	}
	both[0], errs[0] = at(0)
	if errs[0] == nil {
		both[1], errs[1] = at(both[0].pageSize)
		return both, errs
	}
	errs[1] = errNoHead
	for offset := int64(smallestPage); offset <= largestPage; offset *= 2 {
		h, err := at(offset)
		if err == nil && h.pageSize == offset {
			both[1], errs[1] = h, nil
			break
		}
	}
	return both, errs
}

// newest returns the valid head. If one head cannot be used, bbolt falls back to the
// other: the last change, which was acknowledged, is then silently missing. So both must
// be sound, and follow each other.
func newest(file io.ReaderAt, size int64) (head, error) {
	both, errs := heads(file, size)
	switch {
	case errors.Is(errs[0], errNoHead) && errors.Is(errs[1], errNoHead):
		return head{}, fmt.Errorf("%w: it is something else, or its beginning is damaged", errNoHead)
	case errs[0] != nil:
		return head{}, fmt.Errorf("first head: %w", errs[0])
	case errs[1] != nil:
		return head{}, fmt.Errorf("second head: %w", errs[1])
	}
	h, before := both[0], both[1]
	if before.transaction > h.transaction {
		h, before = before, h
	}
	if h.transaction-before.transaction != 1 || both[0].transaction%2 != 0 || h.pageSize != before.pageSize {
		return head{}, fmt.Errorf("the two heads do not belong together")
	}
	if h.high < 4 || h.high > uint64(size/h.pageSize) {
		return head{}, fmt.Errorf("the file of %d bytes is cut short: it had at least %d pages of %d bytes", size, h.high, h.pageSize)
	}
	return h, nil
}
