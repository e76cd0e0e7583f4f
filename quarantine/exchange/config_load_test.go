package exchange_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// everySetting contains most settings.
const everySetting = `{
  "enabled": true,
  "name": "Head office",
  "ewsUrl": "https://mail.example.test/EWS/Exchange.asmx",
  "allowPlainHTTP": true,
  "quarantineMailbox": "quarantine@example.test",
  "domains": ["example.test", "example.com"],
  "mailboxes": ["guest@example.org"],
  "access": "impersonation",
  "authentication": {
    "type": "ntlm",
    "username": "EXAMPLE\\svc",
    "password": "s3cret-Pa55",
    "applicationId": "00001111-aaaa-2222-bbbb-3333cccc4444",
    "tenantId": "customer.onmicrosoft.com",
    "authenticationEndpoint": "https://login.windows.net",
    "privateKeyFile": "cert.pfx",
    "privateKeyPassword": "s3cret-Pa55-of-key"
  },
  "quarantineFolder": "Quarantine",
  "folderPerMailbox": true,
  "quarantineHeader": {"name": "X-Quarantined", "value": "yes"},
  "undoHeader": {"name": "X-Released", "value": "no"},
  "messageIdSearch": true,
  "scanRecoverableItems": true,
  "sweepRecoverableItems": true,
  "scanOnlineArchive": true,
  "useProxy": true,
  "proxyUrl": "http://u:s3cret-Pa55@proxy.example.test:3128",
  "rootCAFile": "ca.pem",
  "journalFile": "ewsq.journal",
  "searchLag": "90s",
  "writeDoubt": "1h",
  "stallTimeout": "5m",
  "stampKey": "s3cret-Pa55-of-stamps",
  "stampKeyFile": "stamp.keys"
}`

func TestParseConfigReadsEverySetting(t *testing.T) {
	t.Parallel()
	c, err := exchange.ParseConfig(strings.NewReader("\uFEFF" + everySetting))
	require.NoError(t, err)
	assert.True(t, *c.Enabled)
	assert.Equal(t, "Head office", c.Name)
	assert.Equal(t, "https://mail.example.test/EWS/Exchange.asmx", c.EWSURL)
	assert.True(t, c.AllowPlainHTTP)
	assert.Equal(t, "quarantine@example.test", c.QuarantineMailbox)
	assert.Equal(t, []string{"example.test", "example.com"}, c.Domains)
	assert.Equal(t, []string{"guest@example.org"}, c.Mailboxes)
	assert.Equal(t, exchange.Impersonation, c.Access)
	a := c.Authentication
	assert.Equal(t, exchange.AuthenticationNTLM, a.Type)
	assert.Equal(t, `EXAMPLE\svc`, a.Username)
	assert.Equal(t, configPassword, a.Password.Reveal())
	assert.Equal(t, "00001111-aaaa-2222-bbbb-3333cccc4444", a.ApplicationID)
	assert.Equal(t, "customer.onmicrosoft.com", a.TenantID)
	assert.Equal(t, "https://login.windows.net", a.AuthenticationEndpoint)
	assert.Equal(t, "cert.pfx", a.PrivateKeyFile)
	assert.Equal(t, configPassword+"-of-key", a.PrivateKeyPassword.Reveal())
	assert.Equal(t, "Quarantine", c.QuarantineFolder)
	assert.Equal(t, quarantine.Header{Name: "X-Quarantined", Value: "yes"}, c.QuarantineHeader)
	assert.Equal(t, quarantine.Header{Name: "X-Released", Value: "no"}, c.UndoHeader)
	assert.Equal(t, "http://u:s3cret-Pa55@proxy.example.test:3128", c.ProxyURL.Reveal())
	assert.Equal(t, "ca.pem", c.RootCAFile)
	assert.Equal(t, "ewsq.journal", c.JournalFile)
	assert.Equal(t, exchange.Duration(90*time.Second), c.SearchLag)
	assert.Equal(t, exchange.Duration(time.Hour), c.WriteDoubt)
	assert.Equal(t, exchange.Duration(5*time.Minute), c.StallTimeout)
	assert.Equal(t, configPassword+"-of-stamps", c.StampKey.Reveal())
	assert.Equal(t, "stamp.keys", c.StampKeyFile)
	for _, set := range []bool{c.FolderPerMailbox, c.CriteriaSearch, c.ScanRecoverableItems, c.SweepRecoverableItems, c.ScanOnlineArchive, c.UseProxy} {
		assert.True(t, set)
	}

	// A round trip loses nothing but the secrets.
	text, err := json.Marshal(c)
	require.NoError(t, err)
	assert.NotContains(t, string(text), configPassword)
	again, err := exchange.ParseConfig(strings.NewReader(string(text)))
	require.NoError(t, err)
	assert.True(t, again.Authentication.Password.IsZero())
	assert.Equal(t, "http://proxy.example.test:3128", again.ProxyURL.Reveal())
	second, err := json.Marshal(again)
	require.NoError(t, err)
	var first, other map[string]any
	require.NoError(t, json.Unmarshal(text, &first))
	require.NoError(t, json.Unmarshal(second, &other))
	delete(first["authentication"].(map[string]any), "password")
	delete(first["authentication"].(map[string]any), "privateKeyPassword")
	delete(first, "stampKey")
	assert.Equal(t, first, other)
	var names map[string]any
	require.NoError(t, json.Unmarshal([]byte(everySetting), &names))
	delete(names, "stampKey")
	assert.Len(t, first, len(names), "every setting is written")
}

func TestParseConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":           {"", "line 1, column 1: is not JSON: it ends too early"},
		"only space":        {" \n ", "is not JSON: it ends too early"},
		"no object":         {`"x"`, "line 1, column 1: is not a JSON object"},
		"null":              {`null`, "is not a JSON object"},
		"comment":           {"{\n  // here\n}", "line 2, column 3: is not JSON: invalid character '/'"},
		"trailing comma":    {"{\n  \"name\": \"a\",\n}", "line 3, column 1: is not JSON: invalid character '}' looking for beginning of object key string; remove the comma before it"},
		"comma in array":    {`{"domains": ["a.test", ]}`, "is not JSON: invalid character ']' looking for beginning of value; remove the comma before it"},
		"single quotes":     {`{'name': 'a'}`, "column 2: is not JSON: texts stand in straight double quotation marks"},
		"curly quotes":      {`{“name”: "a"}`, "column 2: is not JSON: texts stand in straight double quotation marks"},
		"single value":      {`{"name": 'a'}`, "column 10: is not JSON: texts stand in straight double quotation marks"},
		"other letter":      {`{é: 1}`, "column 2: is not JSON: invalid character 'é'"},
		"single backslash":  {`{"authentication":{"username":"EXAMPLE\svc"}}`, "column 40: is not JSON: invalid character 's' in string escape code; write a backslash twice"},
		"cut off":           {"{\n\"name\": \"a", "line 2, column 11: is not JSON: it ends too early"},
		"cut off in object": {`{"name": "a"`, "is not JSON: it ends too early"},
		"unknown":           {"{\n\t\"ewsURI\": \"x\"}", "line 2, column 2: ewsURI is not a setting; did you mean ewsUrl?"},
		"unknown nested":    {`{"authentication": {"user": "x"}}`, "line 1, column 21: authentication.user is not a setting; did you mean username?"},
		"near":              {`{"quarantineFoldr": "x"}`, "quarantineFoldr is not a setting; did you mean quarantineFolder?"},
		"near nothing":      {`{"colour": "x"}`, "colour is not a setting; valid settings are access, "},
		"inside":            {`{"authentication": {"messageIdSearch": true}}`, "authentication.messageIdSearch is not a setting; move messageIdSearch out of this object"},
		"outside":           {`{"password": "x"}`, "password is not a setting; use authentication.password"},
		"unknown in array":  {"[{},\n{\"é\": 1}]", "line 2, column 2: [1].é is not a setting"},
		"other case":        {`{"EWSUrl": "x"}`, "EWSUrl is not a setting; use ewsUrl"},
		"Go name":           {`{"PasswordFunc": "x"}`, "PasswordFunc is not a setting"},
		"dash":              {`{"authentication": {"-": "x"}}`, "authentication.- is not a setting"},
		"hostile name":      {"{\"a\\u001b[31m\": 1}", `"a\x1b[31m" is not a setting`},
		"empty name":        {`{"": 1}`, `"" is not a setting`},
		"twice":             {"{\"name\": \"a\",\n \"name\": \"b\"}", "line 2, column 2: name is set twice"},
		"number":            {`{"name": 1}`, `line 1, column 10: name must be a string`},
		"quoted bool":       {`{"useProxy": "true"}`, `column 14: useProxy must be true or false`},
		"bool pointer":      {`{"enabled": 1}`, `enabled must be true or false`},
		"no object inside":  {`{"authentication": "ntlm"}`, `authentication must be an object`},
		"object for string": {`{"name": {"a": 1}}`, `name must be a string`},
		"array for string":  {`{"name": ["a"]}`, `name must be a string`},
		"number for secret": {`{"authentication": {"password": 31415926}}`, `authentication.password must be a string`},
		"object for secret": {`{"authentication": {"password": {"value": "31415926"}}}`, `authentication.password must be a string`},
		"string for array":  {`{"domains": "example.com"}`, `line 1, column 13: domains must be an array of strings, such as ["example.com"]`},
		"string for boxes":  {`{"mailboxes": "a@example.com"}`, `mailboxes must be an array of strings, such as ["name@example.com"]`},
		"negative duration": {`{"writeDoubt": "-1m"}`, `writeDoubt is negative; leave it out for the default`},
		"number in array":   {`{"domains": ["a.test", 1]}`, `line 1, column 24: domains[1] must be a string`},
		"array in array":    {`{"mailboxes": [[]]}`, `mailboxes[0] must be a string`},
		"null in array":     {`{"mailboxes": [null]}`, `mailboxes[0] must be a string`},
		"object for proxy":  {`{"proxyUrl": {"text": "31415926"}}`, `proxyUrl must be a string`},
		"after the end":     {"{}\n {}", "line 2, column 2: is followed by other text"},
		"brace after":       {"{}}", "line 1, column 3: is followed by other text"},
		"comma after":       {"{},", "line 1, column 3: is followed by other text"},
		"after the array":   {"[{}] x", "line 1, column 6: is followed by other text"},
		"empty array":       {"[ ]", "is an empty array"},
		"array of arrays":   {"[[]]", "[0] must be an object"},
		"array with null":   {"[{}, null]", "line 1, column 6: [1] must be an object"},
		"UTF-16":            {"\xff\xfe{\x00}\x00", "UTF-8"},
		"Latin-1":           {"{\"name\":\n\"\xe4\"}", "line 2, column 2: contains a byte that is not UTF-8"},
		"too large":         {"{" + strings.Repeat(" ", exchange.MaxConfigSize) + "}", "larger than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := exchange.ParseConfigs(strings.NewReader(tc.text))
			require.ErrorContains(t, err, tc.want)
			require.ErrorIs(t, err, quarantine.ErrInvalid)
			assert.NotContains(t, err.Error(), "31415926")
			assert.NotContains(t, err.Error(), "\x1b")
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := exchange.ParseConfig(strings.NewReader("\n[{}]"))
	require.ErrorContains(t, err, "line 2, column 1: is an array")
	why := errors.New("unplugged")
	_, err = exchange.ParseConfig(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(why)))
	require.ErrorIs(t, err, why)
}

func TestParseConfigTakesNullAsLeftOut(t *testing.T) {
	t.Parallel()
	c, err := exchange.ParseConfig(strings.NewReader(`{"enabled": null, "name": null, "authentication": null, "proxyUrl": null, "quarantineHeader": null, "domains": null}`))
	require.NoError(t, err)
	assert.True(t, c.IsEnabled())
	assert.True(t, c.ProxyURL.IsZero())
}

func FuzzParseConfigs(f *testing.F) {
	for _, seed := range []string{"", "{}", "[{}]", everySetting, "[" + everySetting + "]", `{"name":"`, "{}{}", "[[[", `{"a":{"b":[`, "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		configs, err := exchange.ParseConfigs(strings.NewReader(string(text)))
		if err != nil {
			if !errors.Is(err, quarantine.ErrInvalid) {
				t.Errorf("%v does not match ErrInvalid", err)
			}
			return
		}
		if len(configs) == 0 || !json.Valid([]byte(strings.TrimPrefix(string(text), "\ufeff"))) {
			t.Errorf("%d configurations from %q", len(configs), text)
		}
		for i := range configs {
			_ = configs[i].Validate() // must not panic
		}
	})
}
