package exchange_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// The error of a file that cannot be read names the file, the setting and what to do.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, remedy := range map[string]string{
		filepath.Join(dir, "none"): "; correct the path, or let this account read the file",
		dir:                        "; set it to the path of a file that this account can read",
	} {
		for setting, set := range map[string]func(*exchange.Config){
			"rootCAFile":                    func(c *exchange.Config) { c.RootCAFile = path },
			"clientCertificateFile":         func(c *exchange.Config) { c.ClientCertificateFile = path },
			"stampKeyFile":                  func(c *exchange.Config) { c.StampKeyFile = path },
			"authentication.passwordFile":   func(c *exchange.Config) { c.Authentication.PasswordFile = path },
			"authentication.privateKeyFile": func(c *exchange.Config) { azureAD(c); c.Authentication.PrivateKeyFile = path },
		} {
			c := exchange.Config{
				EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "q@example.test",
				Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: "svc@example.test", Password: exchange.NewSecret("x")},
			}
			if set(&c); c.Authentication.PasswordFile != "" {
				c.Authentication.Password = exchange.Secret{}
			}
			s, err := exchange.Open(&c, nil)
			if err == nil { // it is read when needed
				_, err = s.Find(t.Context(), quarantine.Target{Mailbox: "a@example.test", MessageID: "<a@b>"})
			}
			require.Error(t, err, setting)
			if path != dir {
				assert.ErrorIs(t, err, fs.ErrNotExist, setting)
			}
			assert.ErrorContains(t, err, setting)
			assert.ErrorContains(t, err, path)
			assert.Equal(t, 1, strings.Count(err.Error(), remedy), "%s: %v", setting, err)
		}
	}
}

func azureAD(c *exchange.Config) {
	c.Authentication = exchange.Authentication{Type: exchange.AuthenticationAzureAD, ApplicationID: "11111111-1111-1111-1111-111111111111", TenantID: "example.test"}
}
