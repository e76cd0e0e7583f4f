package auth

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// Cloud is one of Microsoft's clouds, as far as signing in to EWS goes.
type Cloud struct {
	Name string
	// EWSHost is the host of the EWS endpoint; the path is /EWS/Exchange.asmx.
	EWSHost string
	// Authority is the authentication endpoint.
	Authority string
	// Scope is the scope for which an application requests a token.
	Scope string
}

// Clouds returns the known clouds: worldwide (with GCC), US Government L4 (GCC
// High) and L5 (DoD), and China (21Vianet). For any other, set
// AzureADOptions.AuthenticationEndpoint and Scope.
func Clouds() []Cloud {
	var clouds []Cloud
	for _, c := range msclouds.All() {
		clouds = append(clouds, Cloud{
			Name: c.Name, EWSHost: c.EWSHost, Authority: "https://" + c.Authorities[0], Scope: "https://" + c.EWSHost + "/.default",
		})
	}
	return clouds
}

// CloudOf returns the cloud whose EWS endpoint has the given host.
func CloudOf(ewsHost string) (Cloud, bool) {
	for _, c := range Clouds() {
		if strings.EqualFold(c.EWSHost, ewsHost) {
			return c, true
		}
	}
	return Cloud{}, false
}

// authorityGroup returns the name of the group of authorities that sign in to the same
// directories; it is empty for hosts that are not Microsoft's.
func authorityGroup(host string) string {
	var names []string
	for _, c := range msclouds.OfAuthority(host) {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}
