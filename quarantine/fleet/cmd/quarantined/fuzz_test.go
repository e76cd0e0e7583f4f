package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever is in a file of targets, what is read from it is valid.
func FuzzTargets(f *testing.F) {
	for _, seed := range []string{
		"mailbox,message_id,reason\na@example.test,<1@evil.example>,x\n",
		"{\"mailbox\":\"a@example.test\",\"message_id\":\"<1@evil.example>\"}\n\n{\"mailbox\":\"b@example.test\",\"criteria\":{\"subject\":\"x\"}}",
		"\xEF\xBB\xBFmailbox,message_id\n\"a@example.test\",\"", "mailbox,mailbox\na@example.test\n", "{", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := readTargets(bytes.NewReader(text))
		if err != nil {
			assert.Empty(t, all)
			return
		}
		require.NotEmpty(t, all)
		for _, one := range all {
			require.NoError(t, one.Validate())
		}
	})
}

// Whatever is in a configuration, the result is an error, without secrets, or usable
// settings.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		`{"databaseUrl":"postgres://u:SECRET@h/d","exchange":{"name":"x"}}`, `{"databaseUrl":"postgres://u:SECRET%zz@h","exchange":[]}`,
		`{"databaseUrl":1}`, `{"exchange":{},"takeOverAfter":"10m","proxies":["::1/128"],"userHeader":"X-User"}`,
		`{"databaseUrl":"postgres:///x","exchange":{"name":"x"},"reports":[{"mailbox":"abuse@example.test","folder":["Inbox"],"markOnly":true,"interval":"1m"}]}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSettings(text, func(string) (string, bool) { return "", false })
		if err != nil {
			return
		}
		require.False(t, s.DatabaseURL.IsZero())
		assert.NotEmpty(t, s.Listen)
		assert.Positive(t, s.Processes)
	})
}
