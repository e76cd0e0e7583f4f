package redact

import (
	"net/http"
	"strings"
)

// shortestKey is the length from which a word in a header added by a transport is treated
// as a credential, because the transport may sign in with its own header. Hiding other
// words, such as a trace id, does no harm.
const shortestKey = 16

// AddHeaders remembers what a transport added to the headers of a request, other than
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
