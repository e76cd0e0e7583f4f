package selftest

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	}
	for header, want := range map[string][]string{
		"Bearer " + jwt(`{"roles":["Mail.ReadWrite","Directory.Read.All"]}`): {"GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"},
		"bearer " + jwt(`{"roles":["MAIL.READWRITE"]}`):                      {"Mail.ReadWrite"},
		"Bearer " + jwt(`{"scp":"Mail.ReadWrite"}`):                          {"no permission of use"},
		"Bearer " + jwt(`{}`):                                                {"no permission of use"},
	} {
		var seen token
		seen.see(header)
		assert.True(t, seen.known(), header)
		assert.Equal(t, want, seen.relevant(), header)
		assert.Equal(t, strings.Contains(header, jwt(`{"scp":"Mail.ReadWrite"}`)), seen.delegated())
	}
	for _, header := range []string{"", "Bearer", "Bearer opaque", "Basic " + jwt(`{}`), "Bearer a.!.b", "Bearer e30.e30x.x", "Bearer " + jwt(`{"roles":1}`), "Bearer " + jwt(`{}`) + strings.Repeat("x", maxToken)} {
		var seen token
		seen.see(header)
		assert.False(t, seen.known(), header)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add("Bearer e30.eyJyb2xlcyI6WyJNYWlsLlJlYWRXcml0ZSJdfQ.x")
	f.Add("Bearer a.b.c")
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := claimsOf(header)
		if !ok && (c.Roles != nil || c.Scope != "") {
			t.Error("what cannot be read says something")
		}
	})
}
