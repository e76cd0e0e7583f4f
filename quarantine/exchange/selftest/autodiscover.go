package selftest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// checkAutodiscover finds the address of EWS if ewsUrl is empty. It signs in if
// Autodiscover requires it.
func (k *checker) checkAutodiscover(ctx context.Context) {
	switch {
	case k.cfg.EWSURL == "":
	case k.cfg.Authentication.Type == exchange.AuthenticationAzureAD:
		k.skip(CheckAutodiscover, "", "not used with authentication.type \"azureAD\": EWS is at "+k.cfg.EWSURL)
		return
	default:
		k.skip(CheckAutodiscover, "", "ewsUrl is set")
		return
	}
	found, err := k.conn.Discover(ctx)
	failure, searched := errors.AsType[interface {
		error
		Unauthorized() bool
	}](err)
	switch {
	case err == nil:
		k.cfg.EWSURL, k.report.URL, k.discovered = found.EWSURL, found.EWSURL, true
		k.ok(CheckAutodiscover, "", fmt.Sprintf("%s reports that EWS is at %s", found.Source, found.EWSURL))
	case ctx.Err() != nil:
	case !searched || failure.Unauthorized():
		k.fail(CheckAuthentication, "", err.Error(), k.signInRemedy())
		k.block(CheckAuthentication)
	default:
		k.fail(CheckAutodiscover, "", err.Error(), k.autodiscoverRemedy(err))
		k.block(CheckAutodiscover)
	}
}

// autodiscoverRemedy returns which setting to change.
func (k *checker) autodiscoverRemedy(err error) remedy {
	_, domain, _ := strings.Cut(k.cfg.QuarantineMailbox, "@")
	own := []string{
		"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl",
		"Resolve-DnsName " + powershell.Quote("autodiscover."+domain),
	}
	if host, ok := errors.AsType[*autodiscover.HostError](err); ok {
		if msclouds.Has(host.Host) {
			return remedy{text: "if the mailboxes are in Exchange Online, set authentication.type to \"azureAD\"; if they are not, set ewsUrl"}
		}
		return remedy{fmt.Sprintf("if %s is yours, set \"autodiscoverHosts\": [%q]; otherwise set ewsUrl", host.Host, host.Host), own}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return remedy{"set rootCAFile to a PEM file with the certificate of the authority that issued the server's, or set ewsUrl", own}
	}
	return remedy{"set ewsUrl to the address that the first command shows; or check quarantineMailbox, and point autodiscover." + domain + " to the server", own}
}
