package mailname_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
)

func TestCheckAddress(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"alice@example.test", "o'hara+x@sub.example.test", "ä@example.test", "a@b"} {
		assert.NoError(t, mailname.CheckAddress(good), good)
	}
	for bad, want := range map[string]string{
		"":                                      "is empty",
		"alice":                                 "is not an SMTP address",
		"@example.test":                         "is not an SMTP address",
		"alice@":                                "is not an SMTP address",
		"a@b@c":                                 "is not an SMTP address",
		"Alice <alice@example.test>":            "is not an SMTP address",
		"a\x01@example.test":                    "control character U+0001 at offset 1",
		"a\xff@example.test":                    "not UTF-8 at offset 1",
		strings.Repeat("a", 250) + "@b.example": "longer than the 254 bytes",
	} {
		assert.ErrorContains(t, mailname.CheckAddress(bad), want, bad)
	}
}

// A sender can have an address that no mailbox here could have.
func TestCheckParty(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"alice@example.test", `"john doe"@evil.example`, `"a@b, c"@evil.example`, "m@[192.0.2.1]", "m@[IPv6:2001:db8::1]", "m@[ipv6:2001:DB8::1]", `"a b"@[IPv6:::1]`,
	} {
		assert.NoError(t, mailname.CheckParty(good), good)
	}
	for bad, want := range map[string]string{
		"": "is empty", "alice": "is not an SMTP address", `""@evil.example`: "is not an SMTP address", `"a"b"@evil.example`: "is not an SMTP address",
		"john doe@evil.example": "is not an SMTP address", "m@[IPv6:evil]": "is not an SMTP address", "m@[IPv6:::1": "is not an SMTP address", "m@[IPv6:fe80::1%eth0]": "is not an SMTP address",
		"\"a\x01\"@evil.example": "control character U+0001", `"` + strings.Repeat("a", 250) + `"@b.example`: "longer than the 254 bytes",
	} {
		assert.ErrorContains(t, mailname.CheckParty(bad), want, bad)
	}
	assert.Equal(t, "john doe@evil.example", mailname.Bare(`"john doe"@evil.example`))
	assert.Equal(t, "john", mailname.Bare("john"))
}

func TestIsDomain(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"example.com", "a-b.example.co.uk", "xn--bcher-kva.example"} {
		assert.True(t, mailname.IsDomain(good), good)
	}
	for _, bad := range []string{"", "example", "example.", ".example.com", "-a.example", "a-.example", "10.0.0.1", "*.example.com", "bücher.example", strings.Repeat("a", 64) + ".example"} {
		assert.False(t, mailname.IsDomain(bad), bad)
	}
}
