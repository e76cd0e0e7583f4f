package ewstest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ParseScheme reads the name of an authentication scheme, ignoring case: Basic,
// NTLM, Negotiate or Bearer.
func ParseScheme(name string) (Scheme, error) {
	all := []Scheme{Basic, NTLM, Negotiate, Bearer}
	i := slices.IndexFunc(all, func(s Scheme) bool { return strings.EqualFold(string(s), name) })
	if i < 0 {
		return "", fmt.Errorf("ewstest: unknown authentication scheme %q; use Basic, NTLM, Negotiate or Bearer", name)
	}
	return all[i], nil
}

// protections maps names to the modes of Extended Protection.
var protections = map[string]Protection{"": ProtectionOff, "off": ProtectionOff, "accept": ProtectionAccept, "require": ProtectionRequire}

// checkSignIn validates the authentication settings.
func (d *scenarioData) checkSignIn() error {
	for i, name := range d.Authentication {
		scheme, err := ParseScheme(name)
		if err != nil {
			return fmt.Errorf("authentication[%d]: %w", i, err)
		}
		if scheme == Bearer && (d.Azure == nil || d.Azure.TenantID == "") {
			return errors.New("authentication includes Bearer, which needs azure with a tenantId")
		}
	}
	if _, ok := protections[d.ExtendedProtection]; !ok {
		return fmt.Errorf("extendedProtection %q is not one of off, accept, require", d.ExtendedProtection)
	}
	return nil
}

// signIn adds the authentication settings to the options.
func (s *Scenario) signIn(opts *Options) error {
	d := &s.data
	if len(opts.Authentication) == 0 {
		for _, name := range d.Authentication {
			scheme, _ := ParseScheme(name) // checked before
			opts.Authentication = append(opts.Authentication, scheme)
		}
	}
	if opts.ExtendedProtection == ProtectionOff {
		opts.ExtendedProtection = protections[d.ExtendedProtection]
	}
	if opts.Azure != nil || d.Azure == nil {
		return nil
	}
	opts.Azure = &Azure{TenantID: d.Azure.TenantID, TenantNames: d.Azure.TenantNames}
	for i, a := range d.Azure.Applications {
		cert, err := s.certificate(a.CertificateFile)
		if err != nil {
			return fmt.Errorf("azure.applications[%d]: certificateFile: %w", i, err)
		}
		opts.Azure.Applications = append(opts.Azure.Applications, Application{ID: a.ID, Certificates: []*x509.Certificate{cert}})
	}
	return nil
}

// certificate reads a certificate, DER or PEM.
func (s *Scenario) certificate(name string) (*x509.Certificate, error) {
	b, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	return x509.ParseCertificate(b)
}

// path returns the path of a file named in the scenario.
func (s *Scenario) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir, name)
}
