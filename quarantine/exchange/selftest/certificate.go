package selftest

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// certificateNotice is how long before the application's certificate expires the
// warnings begin: a new one must be registered first.
const certificateNotice = 30 * 24 * time.Hour

// checkCertificate checks the certificate of the application. Without it there is
// nothing to sign in with, but the network can still be checked.
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
