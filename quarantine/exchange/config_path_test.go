package exchange_test

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Content given in place of a file name is refused before the configuration can be printed,
// and appears in no error.
func TestContentInPlaceOfAFile(t *testing.T) {
	t.Parallel()
	for field, config := range map[string]func(*exchange.Config) *string{
		"authentication.privateKeyFile": func(c *exchange.Config) *string { return &c.Authentication.PrivateKeyFile },
		"authentication.passwordFile":   func(c *exchange.Config) *string { return &c.Authentication.PasswordFile },
		"clientCertificateFile":         func(c *exchange.Config) *string { return &c.ClientCertificateFile },
		"rootCAFile":                    func(c *exchange.Config) *string { return &c.RootCAFile },
		"stampKeyFile":                  func(c *exchange.Config) *string { return &c.StampKeyFile },
		"journalFile":                   func(c *exchange.Config) *string { return &c.JournalFile },
	} {
		for name, content := range map[string]string{
			"PEM":    "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n",
			"folded": "-----BEGIN PRIVATE KEY----- s3cr3t",
			"PFX":    base64.StdEncoding.EncodeToString([]byte("\x30\x82\x0a\x10" + strings.Repeat("s3cr3t", 100))),
			"lines":  "s3cr3t\ns3cr3t",
		} {
			t.Run(field+" "+name, func(t *testing.T) {
				t.Parallel()
				c := exchange.Config{Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic}}
				if field == "authentication.privateKeyFile" {
					c.Authentication.Type = exchange.AuthenticationAzureAD
				}
				*config(&c) = content
				for _, err := range []error{c.Validate(), parsed(field, content)} {
					require.ErrorContains(t, err, field+" is the content of a file")
					assert.NotContains(t, fmt.Sprintf("%+v", err), content[max(0, len(content)-20):])
					assert.NotContains(t, err.Error(), "s3cr3t")
				}
			})
		}
	}
}

func parsed(field, content string) error {
	text := fmt.Sprintf("%q:%q", field, content)
	if outer, inner, ok := strings.Cut(field, "."); ok {
		text = fmt.Sprintf("%q:{%q:%q}", outer, inner, content)
	}
	_, err := exchange.ParseConfig(strings.NewReader("{" + text + "}"))
	return err
}

// A password, or a key, in place of the name of its file is not quoted: the error names the
// setting.
func TestSecretInPlaceOfAFile(t *testing.T) {
	t.Parallel()
	c := exchange.Config{
		EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: "svc@example.test", PasswordFile: "s3cr3t"},
	}
	_, err := exchange.Open(&c, nil)
	require.ErrorContains(t, err, "authentication.passwordFile: ")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "s3cr3t")

	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("right\n"), 0o600))
	c.Authentication.PasswordFile, c.StampKeyFile = file, "s3cr3t"
	_, err = c.ReadStampKeys()
	require.ErrorContains(t, err, "stampKeyFile: ")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "s3cr3t")
}
