package exchange

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// files returns the settings that name a file.
func (c *Config) files() map[string]string {
	return map[string]string{
		"authentication.passwordFile":   c.Authentication.PasswordFile,
		"authentication.privateKeyFile": c.Authentication.PrivateKeyFile,
		"clientCertificateFile":         c.ClientCertificateFile,
		"journalFile":                   c.JournalFile,
		"rootCAFile":                    c.RootCAFile,
		"stampKeyFile":                  c.StampKeyFile,
	}
}

const contentOfFile = "is the content of a file; write it into a file that only this account can read, and give the path of that"

// isContent reports whether a path looks like the content of a file instead: PEM, several
// lines, or a certificate or PFX file in base64, which begins with a long ASN.1 SEQUENCE.
func isContent(path string) bool {
	const long = 256
	return strings.ContainsAny(path, "\r\n") || strings.Contains(path, "-----BEGIN ") || len(path) > long && strings.HasPrefix(path, "MII")
}

// refuseContent returns an error if there is a key or a password where the name of its file
// belongs: printing the configuration would print it.
func (c *Config) refuseContent() error {
	for field, path := range c.files() {
		if isContent(path) {
			return driver.Invalid(configNamed(c.Name), field, contentOfFile)
		}
	}
	return nil
}

// withoutPath returns why a file with a secret cannot be opened, without the path unless
// that is absolute: it may be the secret itself, put into the wrong setting.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && !filepath.IsAbs(e.Path) {
		return e.Err
	}
	return err
}
