package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// schemes reads the value of -auth. NTLM is offered under both of its names.
func schemes(list string) ([]ewstest.Scheme, error) {
	if list == "" {
		return nil, nil
	}
	var all []ewstest.Scheme
	for name := range strings.SplitSeq(list, ",") {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "basic":
			all = append(all, ewstest.Basic)
		case "ntlm":
			all = append(all, ewstest.Negotiate, ewstest.NTLM)
		case "bearer":
			all = append(all, ewstest.Bearer)
		default:
			return nil, fmt.Errorf("%q is not a way to sign in; use basic, ntlm or bearer", name)
		}
	}
	return all, nil
}

// tenantID and tenantName identify the tenant of -auth bearer.
const (
	tenantID   = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
	tenantName = "example.test"
)

// apps is the value of -app: applications and the files of their certificates.
type apps []app

type app struct{ id, file string }

// String returns the value as it was given.
func (a *apps) String() string {
	var parts []string
	for _, one := range *a {
		parts = append(parts, one.id+"="+one.file)
	}
	return strings.Join(parts, " ")
}

// Set adds an application.
func (a *apps) Set(s string) error {
	id, file, ok := strings.Cut(s, "=")
	if !ok || id == "" || file == "" {
		return errors.New("must be ID=FILE, such as 00001111-aaaa-2222-bbbb-3333cccc4444=quarantine.cer")
	}
	*a = append(*a, app{id, file})
	return nil
}

// tenant returns the tenant in which the applications are registered.
func (a apps) tenant() (*ewstest.Azure, error) {
	t := &ewstest.Azure{TenantID: tenantID, TenantNames: []string{tenantName}}
	for _, one := range a {
		cert, err := readCertificate(one.file)
		if err != nil {
			return nil, fmt.Errorf("-app: %w", err)
		}
		t.Applications = append(t.Applications, ewstest.Application{ID: one.id, Certificates: []*x509.Certificate{cert}})
	}
	return t, nil
}

// readCertificate reads a certificate in DER or PEM.
func readCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	cert, err := x509.ParseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a certificate: %w", file, err)
	}
	return cert, nil
}
