package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// rule describes which reported messages are taken without review. One of its marks is enough.
type rule struct {
	Name string `json:"name"`
	// Senders are addresses, or domains including their subdomains.
	Senders []string `json:"senders,omitempty"`
	// LinkHosts are hosts, including those below them.
	LinkHosts []string `json:"linkHosts,omitempty"`
	// SHA256 are digests of the content of attachments, in hexadecimal.
	SHA256 []string `json:"sha256,omitempty"`
}

const maxRules = 1 << 20 // bytes of the file

// readRules reads the file with the rules: {"rules": […]}.
func readRules(path string) ([]rule, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var file struct {
		Rules []rule `json:"rules"`
	}
	in := json.NewDecoder(io.LimitReader(f, maxRules))
	in.DisallowUnknownFields()
	if err := in.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: something follows the object", path)
	}
	for i, r := range file.Rules {
		if problem := r.problem(); problem != "" {
			return nil, fmt.Errorf("%s: rules[%d] %s", path, i, problem)
		}
	}
	return file.Rules, nil
}

// problem returns what is wrong with a rule, or "" if nothing is.
func (r *rule) problem() string {
	if r.Name == "" || len(r.Senders)+len(r.LinkHosts)+len(r.SHA256) == 0 {
		return "needs a name, and one of senders, linkHosts and sha256"
	}
	for _, s := range r.Senders {
		if host := s[strings.LastIndexByte(s, '@')+1:]; !isHost(host) {
			return fmt.Sprintf("has the sender %q; give an address or a domain", s)
		}
	}
	for _, h := range r.LinkHosts {
		if !isHost(h) {
			return fmt.Sprintf("has the host %q; give one without scheme, port and path", h)
		}
	}
	for _, sum := range r.SHA256 {
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			return fmt.Sprintf("has the SHA-256 %q; give 64 hexadecimal digits", sum)
		}
	}
	return ""
}

// isHost reports whether s can be a host with a domain: a rule for all of a top-level
// domain is a mistake.
func isHost(s string) bool {
	return strings.Contains(strings.Trim(s, "."), ".") && !strings.ContainsAny(s, "/:@ *")
}

// below reports whether a host is a domain, or below it.
func below(host, domain string) bool {
	host, domain = strings.ToLower(strings.TrimSuffix(host, ".")), strings.ToLower(strings.Trim(domain, "."))
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// reportedWithin is the longest time between a message and its report.
const reportedWithin = 14 * 24 * time.Hour

// decide returns the rule that matches a reported message and the criteria to search for, or
// false if no rule matches. A report may be forged, so its Message-ID is not trusted to belong
// to the message it shows. The search is for the mark of the rule, which any message that is
// taken must have.
func decide(rules []rule, m *understood.Message, at time.Time) (rule, quarantine.Criteria, bool) {
	if m.Confidence == understood.Low {
		return rule{}, quarantine.Criteria{}, false
	}
	for _, r := range rules {
		if c, ok := r.mark(m); ok {
			c.Subject, c.ReceivedAfter = m.Subject, at.Add(-reportedWithin).Truncate(time.Second)
			if c.Validate() == nil {
				return r, c, true
			}
		}
	}
	return rule{}, quarantine.Criteria{}, false
}

// mark returns the mark of a rule that a message has.
func (r *rule) mark(m *understood.Message) (quarantine.Criteria, bool) {
	for _, from := range m.From {
		_, domain, _ := strings.Cut(from.Email, "@")
		if slices.ContainsFunc(r.Senders, func(s string) bool {
			return strings.EqualFold(s, from.Email) || !strings.Contains(s, "@") && below(domain, s)
		}) {
			return quarantine.Criteria{Sender: from.Email}, true
		}
	}
	for _, l := range m.Links {
		for _, text := range []string{l.Target, l.URL} {
			u, err := url.Parse(text)
			if err == nil && slices.ContainsFunc(r.LinkHosts, func(h string) bool { return below(u.Hostname(), h) }) {
				return quarantine.Criteria{URL: "https://" + u.Hostname()}, true
			}
		}
	}
	for _, a := range m.Attachments {
		if slices.ContainsFunc(r.SHA256, func(sum string) bool { return strings.EqualFold(sum, a.SHA256) }) {
			return quarantine.Criteria{AttachmentSHA256: a.SHA256}, true
		}
	}
	return quarantine.Criteria{}, false
}
