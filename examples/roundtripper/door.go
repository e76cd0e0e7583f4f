package main

import (
	"encoding/base64"
	"net"
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// door stands in for a server that authenticates by ticket. Behind it, the test
// Exchange, which knows Basic authentication, acts for the account named in the
// ticket.
type door struct {
	domain *domain
	behind *ewstest.Server
}

// ServeHTTP implements [http.Handler].
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	encoded, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Negotiate ")
	ticket, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		var account string
		if account, err = d.domain.accept(ticket, "HTTP/"+host); err == nil {
			r.SetBasicAuth(account+"@example.test", account+"-password")
			d.behind.ServeHTTP(w, r)
			return
		}
	}
	w.Header().Set("WWW-Authenticate", "Negotiate")
	http.Error(w, err.Error(), http.StatusUnauthorized)
}
