package ewstest

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// parsedRequests caches valid requests that have been read. Clients send the same ones
// again and again: listing the folders of a mailbox, a search, getting an item. Nobody
// modifies cached requests.
type parsedRequests struct {
	mu   sync.Mutex
	seen map[string]*ewsschema.Request
}

// Requests longer than longestParsed are not cached, and at most mostParsed are.
const (
	longestParsed = 8 << 10
	mostParsed    = 128
)

// parse reads a request like [ewsschema.Parse].
func (p *parsedRequests) parse(body io.Reader, server ewsschema.Version) (*ewsschema.Request, error) {
	room := beginnings.Get().(*[longestParsed]byte)
	defer beginnings.Put(room)
	n, err := io.ReadFull(body, room[:])
	begin := room[:n]
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		rest := body
		if err != nil {
			rest = brokenOff{err}
		}
		return parseText(begin, rest, server)
	}
	p.mu.Lock()
	known := p.seen[string(begin)]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	req, err := parseText(begin, http.NoBody, server)
	if err != nil {
		return req, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil || len(p.seen) >= mostParsed {
		p.seen = make(map[string]*ewsschema.Request)
	}
	p.seen[string(begin)] = req
	return req, nil
}

var beginnings = sync.Pool{New: func() any { return new([longestParsed]byte) }}

// brokenOff is the rest of a body that could not be read further.
type brokenOff struct{ err error }

func (f brokenOff) Read([]byte) (int, error) { return 0, f.err }
