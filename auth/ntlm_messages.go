package auth

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/go-ntlmssp"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// Header schemes that carry NTLM messages.
const (
	schemeNTLM      = "NTLM"
	schemeNegotiate = "Negotiate"
)

// requestTarget is NTLMSSP_REQUEST_TARGET (MS-NLMP 2.2.2.5). Without it Samba
// and gss-ntlmssp send no target information.
const requestTarget = 0x4

// negotiateMessage returns the first message of a handshake.
func negotiateMessage() ([]byte, error) {
	msg, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return nil, err
	}
	flags := binary.LittleEndian.Uint32(msg[12:])
	binary.LittleEndian.PutUint32(msg[12:], flags|requestTarget)
	return msg, nil
}

// authenticateMessage returns the message that answers a challenge. binding is
// the value of MsvAvChannelBindings, nil for none.
func authenticateMessage(challenge, binding []byte, username, password, workstation string) ([]byte, error) {
	if binding != nil {
		var err error
		if challenge, err = bindChallenge(challenge, binding); err != nil {
			return nil, err
		}
	}
	msg, err := ntlmssp.NewAuthenticateMessage(challenge, username, password,
		&ntlmssp.AuthenticateMessageOptions{WorkstationName: workstation})
	if err != nil {
		return nil, fmt.Errorf("cannot answer the challenge: %w", err)
	}
	return msg, nil
}

// addResponses remembers the last message of a handshake as a secret, and the
// responses in it (MS-NLMP 2.2.1.3), against which passwords can be tried offline.
func addResponses(sent *redact.Secrets, msg []byte) {
	sent.AddToken(base64.StdEncoding.EncodeToString(msg))
	const lmResponseAt, ntResponseAt, header = 12, 20, 64
	if len(msg) < header {
		return
	}
	for _, at := range []int{lmResponseAt, ntResponseAt} {
		n := uint64(binary.LittleEndian.Uint16(msg[at:]))
		start := uint64(binary.LittleEndian.Uint32(msg[at+4:]))
		if start+n <= uint64(len(msg)) {
			sent.AddBytes(msg[start : start+n])
		}
	}
}

func authorization(scheme string, msg []byte) string {
	return scheme + " " + base64.StdEncoding.EncodeToString(msg)
}

// offer is one challenge in WWW-Authenticate headers.
type offer struct{ scheme, rest string }

// offers splits WWW-Authenticate headers: each may contain several challenges,
// and quoted strings with commas.
func offers(header http.Header) []offer { return offersOf(header.Values("WWW-Authenticate")) }

func offersOf(values []string) []offer {
	var all []offer
	for _, value := range values {
		for _, part := range splitUnquoted(value) {
			scheme, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
			if scheme == "" || strings.Contains(scheme, "=") {
				continue // another parameter of the previous scheme
			}
			all = append(all, offer{scheme, strings.TrimSpace(rest)})
		}
	}
	return all
}

// schemesOf returns the names of the schemes that headers offer, for display. If any of them
// is not a known scheme, secrets are removed before the header is split: it is split at
// blanks and commas, which a password may contain.
func schemesOf(values []string, strike func(string) string) (names []string) {
	for _, value := range values {
		offered := offersOf([]string{value})
		if slices.ContainsFunc(offered, func(o offer) bool { return !isScheme(o.scheme) }) {
			offered = offersOf([]string{strike(value)})
		}
		for _, o := range offered {
			if len(names) == maxSchemes {
				return append(names, "…")
			}
			names = append(names, shorten(o.scheme))
		}
	}
	return names
}

// maxSchemes is the largest number of schemes that are named.
const maxSchemes = 8

// isScheme reports whether servers or proxies are known to offer a scheme of this name.
func isScheme(name string) bool {
	switch strings.ToLower(name) {
	case "basic", "ntlm", "negotiate", "digest", "bearer", "kerberos":
		return true
	}
	return false
}

// splitUnquoted splits at commas outside quoted strings.
func splitUnquoted(s string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// errOtherScheme reports that the server wants NTLM under the other scheme.
var errOtherScheme = errors.New("the server offers the other scheme")

// errKerberosOnly reports a server that supports Negotiate (RFC 4559), but not with NTLM.
var errKerberosOnly = errors.New("the server offers Negotiate and answers no NTLM message under it: it accepts Kerberos only, which is not supported here. " +
	"Enable the provider NTLM in Windows authentication of its EWS virtual directory, or use a RoundTripper of your own that speaks Kerberos")

// challengeFrom finds the challenge for a scheme in a 401 response. Secrets are removed
// from whatever an error shows of the response.
func challengeFrom(header http.Header, scheme string, strike func(string) string) ([]byte, error) {
	var names []string
	for _, o := range offers(header) {
		if !strings.EqualFold(o.scheme, scheme) || o.rest == "" {
			names = append(names, o.scheme)
			continue
		}
		msg, err := base64.StdEncoding.DecodeString(o.rest)
		if err != nil || !strings.HasPrefix(string(msg), "NTLMSSP\x00") {
			if scheme == schemeNegotiate {
				return nil, errKerberosOnly
			}
			return nil, errors.New("the server's challenge is not an NTLM message; it may accept only Kerberos")
		}
		return msg, nil
	}
	has := func(s string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, s) })
	}
	switch {
	case has(scheme) && scheme == schemeNegotiate && !has(schemeNTLM):
		return nil, errKerberosOnly
	case has(scheme):
		return nil, errors.New("the server offers NTLM but does not continue the handshake; a proxy or load balancer in between may not keep client and server connections paired")
	case has(schemeNTLM) || has(schemeNegotiate):
		return nil, errOtherScheme
	case len(names) == 0:
		return nil, errors.New("the server returned 401 but offers no way to sign in; enable Windows authentication on its EWS virtual directory")
	}
	return nil, fmt.Errorf("the server offers %q instead of NTLM; set authentication.type to one that it offers, or enable Windows authentication on its EWS virtual directory",
		schemesOf(header.Values("WWW-Authenticate"), strike))
}
