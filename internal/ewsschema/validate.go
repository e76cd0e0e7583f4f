package ewsschema

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// headers checks the headers of EWS. Others, and those that no request of this
// protocol has, are none of the schema's business.
func (r *Request) headers() error {
	seen := make(map[string]bool)
	for _, h := range r.Header.Kids() {
		if h.Space != xmlwire.SpaceTypes {
			continue
		}
		if seen[h.Local] {
			return &HeaderError{Local: h.Local}
		}
		seen[h.Local] = true
	}
	return nil
}

func (r *Request) operation() error { return nil }
