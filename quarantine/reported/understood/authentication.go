package understood

import "strings"

// maxAuthentication is how many results are kept for a message.
const maxAuthentication = 64

// authentication returns what servers found out about the origin of a message, in the
// order of its header. See https://www.rfc-editor.org/rfc/rfc8601 and, for Received-SPF,
// https://www.rfc-editor.org/rfc/rfc7208#section-9.1.
func (p *parser) authentication(h header) (all []Authentication) {
	for _, f := range h.fields {
		switch strings.ToLower(f.Name) {
		case "authentication-results", "arc-authentication-results":
			all = p.results(all, f.Name, f.Value)
		case "received-spf":
			result, _, _ := strings.Cut(strings.TrimSpace(f.Value), " ")
			all = p.result(all, Authentication{Field: f.Name, Method: "spf", Result: result})
		}
	}
	return all
}

func (p *parser) results(all []Authentication, field, value string) []Authentication {
	server := ""
	for i, chunk := range strings.Split(withoutComments(value), ";") {
		words := strings.Fields(chunk)
		if len(words) == 0 {
			continue
		}
		method, result, ok := strings.Cut(words[0], "=")
		if !ok {
			// The server, after the number of an ARC set if there is one.
			if i < 2 {
				server = words[0]
			}
			continue
		}
		if i == 0 && strings.EqualFold(method, "i") {
			continue // the number of an ARC set
		}
		a := Authentication{Field: field, Server: server, Method: method, Result: result}
		for _, w := range words[1:] {
			name, domain, _ := strings.Cut(w, "=")
			switch strings.ToLower(name) {
			case "smtp.mailfrom", "header.d", "header.from", "smtp.helo":
				if a.Domain == "" {
					a.Domain = domain
				}
			}
		}
		all = p.result(all, a)
	}
	return all
}

func (p *parser) result(all []Authentication, a Authentication) []Authentication {
	if len(all) == maxAuthentication {
		p.incomplete("a message has more than %d results of authentication", maxAuthentication)
		return all
	}
	// A version may follow the method: dkim/1.
	method, _, _ := strings.Cut(a.Method, "/")
	const most = 255
	return append(all, Authentication{
		Field: p.keep(a.Field, most), Server: p.keep(a.Server, most), Domain: p.keep(strings.Trim(a.Domain, `"`), most),
		Method: p.keep(strings.ToLower(method), most), Result: p.keep(strings.ToLower(a.Result), most),
	})
}

// withoutComments removes comments in parentheses.
func withoutComments(s string) string {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && depth > 0:
			i++
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
