package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func certCommand() command {
	return command{
		name:     "cert",
		summary:  "create a certificate for the application in Azure AD",
		synopsis: []string{"[-subject CN=NAME] [-days N] [-bits N] [-out-dir DIR]"},
		offline:  true,
		description: `
Creates an RSA key and a self-signed certificate, and writes three files:

    quarantine.pfx           key and certificate: privateKeyFile in the configuration
    quarantine.cer           the certificate, to upload to the application
    keyCredentials.json      the certificate for the application's manifest

The PFX file is protected by the password in EWSQ_PFX_PASSWORD. If that is not set,
a random password is generated and written to a fourth file, pfx-password; move it
to a vault. Existing files are not overwritten. No server is contacted, and no
configuration is needed.

The result line contains the file names, subject, thumbprint and notAfter.
`,
		exit: map[int]string{exitDone: "The files were written."},
		examples: []example{
			{"Create a certificate that is valid for two years:", "ewsq cert -subject CN=quarantine,O=Example \\\n    -days 730 -out-dir certificate"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var subject, dir string
			var days, bits int
			addText(flags, &subject, "subject", "CN=quarantine", "distinguished `NAME` of the certificate, made of CN, O, OU, L, ST and C")
			addNumber(flags, &days, "days", 365, 1, 3650, "`NUMBER` of days the certificate is valid")
			addNumber(flags, &bits, "bits", 2048, 2048, 4096, "`NUMBER` of bits in the key")
			addText(flags, &dir, "out-dir", ".", "`FOLDER` for the files; created if missing")
			return func(_ context.Context, s *session) error {
				return s.makeCertificate(dir, &auth.CertificateOptions{
					Subject: subject, Lifetime: time.Duration(days) * 24 * time.Hour, Bits: bits,
				})
			}
		},
	}
}

// made is the result line.
type made struct {
	PFX            string    `json:"pfx"`
	PasswordFile   string    `json:"passwordFile,omitempty"`
	CER            string    `json:"cer"`
	KeyCredentials string    `json:"keyCredentials"`
	Subject        string    `json:"subject"`
	Thumbprint     string    `json:"thumbprint"`
	NotAfter       time.Time `json:"notAfter"`
}

func (s *session) makeCertificate(dir string, opts *auth.CertificateOptions) error {
	// Creating a key takes a while, so check first that it can be stored.
	for _, name := range []string{"quarantine.pfx", "quarantine.cer", "keyCredentials.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return usagef("%s already exists; remove it, or choose another -out-dir", filepath.Join(dir, name))
		}
	}
	cert, err := auth.NewCertificate(opts)
	if err != nil {
		// The numbers have been checked, so the error is about the subject.
		return usagef("-subject: %s", strings.TrimPrefix(err.Error(), "auth: "))
	}
	m := made{
		PFX: filepath.Join(dir, "quarantine.pfx"), CER: filepath.Join(dir, "quarantine.cer"),
		KeyCredentials: filepath.Join(dir, "keyCredentials.json"),
		Subject:        cert.Subject(), Thumbprint: cert.Thumbprint(), NotAfter: cert.NotAfter(),
	}
	password, _ := s.lookup(exchange.EnvPrivateKeyPassword)
	if password == "" {
		password, m.PasswordFile = rand.Text(), filepath.Join(dir, "pfx-password")
	}
	pfx, err := cert.PFX(password)
	if err != nil {
		return err
	}
	credentials, err := cert.KeyCredentials()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return usagef("-out-dir: %w", err)
	}
	files := []newFile{{m.PFX, pfx, 0o600}, {m.CER, cert.CER(), 0o644}, {m.KeyCredentials, credentials, 0o644}}
	if m.PasswordFile != "" {
		files = append(files, newFile{m.PasswordFile, []byte(password), 0o600})
	}
	for _, f := range files {
		if _, err := os.Lstat(f.name); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s already exists; remove it, or choose another -out-dir", f.name)
		}
	}
	for _, f := range files {
		if err := f.write(); err != nil {
			return usageError{err}
		}
	}
	if m.PasswordFile != "" {
		s.say("%s was not set: the password of %s is in %s", exchange.EnvPrivateKeyPassword, m.PFX, m.PasswordFile)
	}
	return s.write(m, fmt.Sprintf("%s, valid until %s; upload %s to the application in Azure AD",
		m.Subject, m.NotAfter.Format(time.DateOnly), m.CER))
}

// newFile is a file that must not exist yet.
type newFile struct {
	name string
	text []byte
	mode os.FileMode
}

func (n newFile) write() error {
	f, err := os.OpenFile(n.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, n.mode)
	if err != nil {
		return err
	}
	_, err = f.Write(n.text)
	return errors.Join(err, f.Close())
}
