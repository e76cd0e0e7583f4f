package redact

import (
	"net/http"
	"strings"
)

// shortestKey is the length from which a word in a header that a transport has added is a
// credential: it may sign in with a header of its own. Others, such as the id of a trace,
// do no harm.
const shortestKey = 16

// AddHeaders remembers what a transport has added to the headers of a request, other than
// Authorization, Proxy-Authorization and Cookie, which have their own rules.
func (s *Secrets) AddHeaders(sent, before http.Header) {
	s.addHeaders(sent, func(name string) bool { return before[name] != nil })
}

func (s *Secrets) addHeaders(sent http.Header, had func(name string) bool) {
	for name, values := range sent {
		if had(name) || name == "Authorization" || name == "Proxy-Authorization" || name == "Cookie" {
			continue
		}
		for word := range strings.FieldsSeq(strings.Join(values, " ")) {
			if len(word) >= shortestKey && !strings.Contains(word, "://") {
				s.Add("", word)
			}
		}
	}
}
