package selftest

import (
	"context"
	"fmt"
)

// checkStampKeys reads the keys that seal stamps. Without them a service cannot be
// opened, but the server can still be checked.
func (k *checker) checkStampKeys(context.Context) {
	from := "stampKey"
	if k.cfg.StampKeyFile != "" {
		from = k.cfg.StampKeyFile
	}
	keys, err := k.cfg.ReadStampKeys()
	switch {
	case err != nil:
		k.fail(CheckStampKeys, "", err.Error(), remedy{
			text:     "check that stampKeyFile is the right file and that the account of the service may read it; it has one key a line of at least 16 characters, the same for all processes that work on these mailboxes",
			commands: []string{"openssl rand -base64 32"},
		})
	case len(keys) == 0:
		k.skip(CheckStampKeys, "", "neither stampKey nor stampKeyFile is set")
	case len(keys) == 1:
		k.ok(CheckStampKeys, "", "one key from "+from)
	default:
		k.ok(CheckStampKeys, "", fmt.Sprintf("%d keys from %s, the first of which seals", len(keys), from))
	}
}
