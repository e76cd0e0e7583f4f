package selftest

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// certificateNotice is how long before its end the application's certificate is
// warned of: a new one has to be registered first.
const certificateNotice = 30 * 24 * time.Hour

// checkCertificate looks at the certificate of the application. Without it
// there is nothing to sign in with, but the way to the server can be looked at.
func (k *checker) checkCertificate(context.Context) {
	a := k.cfg.Authentication
	if a.Type != exchange.AuthenticationAzureAD {
		k.skip(CheckCertificate, "", fmt.Sprintf("not used with authentication.type %q", a.Type))
		return
	}
	cert, err := auth.LoadPFX(a.PrivateKeyFile, a.PrivateKeyPassword.Reveal())
	if err == nil {
		err = cert.CheckValidity(k.now())
	}
	if err != nil {
		k.fail(CheckCertificate, "", err.Error(), k.certificateRemedy())
		return
	}
	k.certificate = cert
	days := int(cert.NotAfter().Sub(k.now()).Hours() / 24)
	seen := fmt.Sprintf("%s, thumbprint %s, valid until %s (%d days left)", cert.Subject(), cert.Thumbprint(), cert.NotAfter().UTC().Format(time.DateOnly), days)
	if cert.NotAfter().Sub(k.now()) < certificateNotice {
		k.warn(CheckCertificate, "", seen, k.certificateRemedy())
		return
	}
	k.ok(CheckCertificate, "", seen)
}
