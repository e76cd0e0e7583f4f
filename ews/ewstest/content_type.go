package ewstest

import (
	"net/http"
	"strings"
)

// wrongContent refuses a request that is not declared to be text/xml, and returns nil if
// it is. Exchange accepts that name alone or followed by a semicolon, whatever the
// charset, and puts the explanation into the status line.
func wrongContent(r *http.Request) *answer {
	const wanted = "text/xml"
	if r.Body == http.NoBody {
		return nil // no content needs no type
	}
	kind := r.Header.Get("Content-Type")
	switch name := strings.ToLower(kind); {
	case kind == "":
		return textAnswer(http.StatusUnsupportedMediaType, "text/plain; charset=utf-8", "Missing Content Type")
	case strings.TrimSpace(name) == wanted, strings.HasPrefix(name, wanted+";"):
		return nil
	}
	return textAnswer(http.StatusUnsupportedMediaType, "text/plain; charset=utf-8",
		"Cannot process the message because the content type '"+kind+"' was not the expected type 'text/xml; charset=utf-8'.")
}
