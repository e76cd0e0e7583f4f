package exchange_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func publishedSchema(t *testing.T) *evaluator {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(exchange.ConfigSchema(), &root))
	return newEvaluator(root)
}

// accepts reports whether the schema accepts a text.
func (e *evaluator) accepts(t *testing.T, text []byte) bool {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	ok, err := e.valid(e.root, v)
	require.NoError(t, err)
	return ok
}

// TestConfigSchema: the schema matches the structs and their comments.
func TestConfigSchema(t *testing.T) {
	t.Parallel()
	golden(t, "config.schema.json", makeSchema(t))
}

func TestConfigSchemaIsCopied(t *testing.T) {
	t.Parallel()
	exchange.ConfigSchema()[0] = 'x'
	assert.Equal(t, byte('{'), exchange.ConfigSchema()[0])
}

// TestConfigSchemaFields compares the published schema with the structs,
// independently of the code that generates it.
func TestConfigSchemaFields(t *testing.T) {
	t.Parallel()
	e := publishedSchema(t)
	defs := e.root["$defs"].(map[string]any)
	enums := map[string][]any{
		"config.access": {"fullAccess", "impersonation"}, "config.api": {"ews", "graph"}, "authentication.type": {"ntlm", "basic", "azureAD", "external"},
	}
	defaults := new(exchange.Config).WithDefaults()
	for name, value := range map[string]any{
		"config": defaults, "authentication": defaults.Authentication, "header": quarantine.Header{}, "limits": quarantine.Limits{},
		"throttling": exchange.Throttling{},
	} {
		schema := defs[name].(map[string]any)
		assert.Equal(t, "object", schema["type"])
		assert.Equal(t, false, schema["additionalProperties"], "%s accepts unknown fields", name)
		properties := maps.Clone(schema["properties"].(map[string]any))
		v := reflect.ValueOf(value)
		for f := range v.Type().Fields() {
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if field == "-" {
				continue
			}
			path := name + "." + field
			property, ok := properties[field].(map[string]any)
			if !assert.True(t, ok, "%s is missing", path) {
				continue
			}
			delete(properties, field)
			assert.NotEmpty(t, property["description"], path)
			assert.Equal(t, enums[path], orNone(property["enum"]), "%s: not the constants", path)
			holdType(t, path, f.Type, property)
			holdDefault(t, path, v.FieldByIndex(f.Index), property)
		}
		assert.Empty(t, properties, "%s has fields that the struct does not have", name)
	}
}

func orNone(v any) []any {
	list, _ := v.([]any)
	return list
}

// holdType compares the type of a field with its schema.
func holdType(t *testing.T, path string, typ reflect.Type, property map[string]any) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]any{reflect.Bool: "boolean", reflect.Int: "integer", reflect.String: "string", reflect.Slice: "array"}[typ.Kind()]
	switch {
	case isText(typ):
		want = "string"
	case typ.Kind() == reflect.Struct:
		assert.Equal(t, "#/$defs/"+strings.ToLower(typ.Name()), property["$ref"], path)
	}
	assert.Equal(t, want, property["type"], path)
	if typ.Kind() == reflect.Slice {
		require.Equal(t, reflect.String, typ.Elem().Kind())
		assert.Contains(t, property, "items", path)
	}
}

// holdDefault compares a default with what WithDefaults fills in. It does not
// fill in limits: package quarantine does, as their comments say.
func holdDefault(t *testing.T, path string, v reflect.Value, property map[string]any) {
	t.Helper()
	got, has := property["default"]
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case strings.HasPrefix(path, "limits.") && v.Kind() == reflect.Int:
		assert.True(t, has, "%s has no default", path)
	case v.Kind() == reflect.Bool, v.Kind() == reflect.String && !v.IsZero():
		assert.Equal(t, fmt.Sprint(v.Interface()), fmt.Sprint(got), path)
	default:
		assert.False(t, has, "%s has a default that WithDefaults does not fill in", path)
	}
}

// TestConfigSchemaLimits: the defaults of the limits are those that a search
// uses.
func TestConfigSchemaLimits(t *testing.T) {
	t.Parallel()
	limits := publishedSchema(t).root["$defs"].(map[string]any)["limits"].(map[string]any)["properties"].(map[string]any)
	most := int(limits["perMailbox"].(map[string]any)["default"].(float64))
	for extra, refused := range []bool{false, true} {
		srv := ewstest.NewServer(nil)
		for i := range most + extra {
			srv.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"))
		}
		c := basicConfig("Head office", "mail.example.test", "example.test")
		c.CriteriaSearch = true
		service, err := exchange.Open(&c, &exchange.Options{Transport: srv.Direct()})
		require.NoError(t, err)
		_, err = service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Sender: "mallory@evil.example"}})
		srv.Close()
		assert.Equal(t, refused, err != nil, "%v", err)
		if refused {
			assert.ErrorIs(t, err, quarantine.ErrTooManyHits)
		}
	}
}

// goodConfigs are accepted by both the schema and Validate.
var goodConfigs = map[string]string{
	"NTLM": goodNTLM, "impersonation": goodImpersonation, "application": goodOnline, "Autodiscover": goodDiscovery, "search": goodSearch,
	"all empty": `{"enabled": true, "name": "", "ewsUrl": "", "domains": [], "mailboxes": [], "reportMailbox": "", "autodiscoverHosts": [], "allowPlainHTTP": false,
		"quarantineMailbox": "q@example.test", "quarantineFolder": "", "quarantineHeader": {}, "undoHeader": {"name": "", "value": ""},
		"searchLimits": {"perMailbox": 0, "protected": []}, "useProxy": false, "proxyUrl": "", "rootCAFile": "", "journalFile": "",
		"searchLag": "", "writeDoubt": "", "markWait": "", "stallTimeout": "", "stampKey": "", "stampKeyFile": "", "leaveRecoverable": false, "throttling": {},
		"authentication": {"type": "ntlm", "username": "svc@example.test", "password": "x", "applicationId": "", "tenantId": "",
			"authenticationEndpoint": "https://login.windows.net", "privateKeyFile": "", "privateKeyPassword": "", "disableChannelBinding": false}}`,
	"all set": `{"enabled": false, "name": "Büro (検疫) & co.", "ewsUrl": "https://mail.example.test:8443/EWS/Exchange.asmx", "domains": ["Example.test", "xn--bcher-kva.example"],
		"mailboxes": ["o'neil+x@sub.example.test"], "quarantineMailbox": "q@example", "reportMailbox": "abuse@example.test", "access": "impersonation", "quarantineFolder": "Quarantäne", "folderPerMailbox": true,
		"quarantineHeader": {"name": "X-Quarantined", "value": "yes; by=ewsq"}, "undoHeader": {"name": "X-Released", "value": "frei für Jürgen"}, "messageIdSearch": true,
		"searchLimits": {"perMailbox": 1, "total": 2, "examined": 3, "protected": ["a@b"]}, "scanRecoverableItems": true, "sweepRecoverableItems": true, "scanOnlineArchive": true,
		"useProxy": true, "proxyUrl": "socks5h://u:p@proxy:1080", "rootCAFile": "C:\\roots.pem", "journalFile": "/var/lib/ewsq/journal",
		"searchLag": "1m30.5s", "writeDoubt": "1h1m1s500ms", "markWait": "1m", "stallTimeout": "1h", "stampKey": "0123456789abcde ü",
		"throttling": {"concurrency": 1000, "ewsMaxBurst": 1000, "ewsRechargeRate": 1000, "ewsCutoffBalance": 1, "unlimited": false, "probe": true},
		"authentication": {"type": "ntlm", "username": "EXAMPLE\\svc", "password": " pass word ", "disableChannelBinding": true}}`,
	"keys in a file, left": `{"quarantineMailbox": "q@example.test", "leaveRecoverable": true, "sweepRecoverableItems": false, "stampKeyFile": "/etc/ewsq/stamp.keys", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"loopback":             `{"ewsUrl": "http://127.0.0.1:8080/EWS/Exchange.asmx", "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"loopback of IPv6":     `{"ewsUrl": "http://[::1]/EWS/Exchange.asmx", "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"loopback by name":     `{"ewsUrl": "HTTP://LocalHost/EWS/Exchange.asmx", "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"plain HTTP":           `{"ewsUrl": "http://mail/EWS/Exchange.asmx", "allowPlainHTTP": true, "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"hosts":                `{"autodiscoverHosts": ["mail.hoster.example"], "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"name like Online":     `{"ewsUrl": "https://outlook.office365.com.example.test/EWS/Exchange.asmx", "quarantineMailbox": "q@example.test", "authentication": {"type": "basic", "username": "svc@example.test", "password": "x"}}`,
	"application, all set": `{"ewsUrl": "https://outlook-dod.office365.us/EWS/Exchange.asmx", "quarantineMailbox": "q@example.test", "access": "impersonation", "quarantineHeader": {"name": "X-A", "value": "b"}, "authentication": {"type": "azureAD", "applicationId": "AAAABBBB-0000-cccc-1111-dddd2222eeee", "tenantId": "AAAABBBB-0000-cccc-1111-dddd2222eeee", "authenticationEndpoint": "https://login.microsoftonline.us/", "privateKeyFile": "a.pfx", "privateKeyPassword": "x", "username": ""}}`,
}

// TestConfigSchemaVerdicts: the schema and Validate agree wherever a schema can
// detect a fault.
func TestConfigSchemaVerdicts(t *testing.T) {
	t.Parallel()
	e := publishedSchema(t)
	var all []string
	for name, text := range goodConfigs {
		assert.NoError(t, verdict([]byte(text)), name)
		assert.True(t, e.accepts(t, []byte(text)), "the schema refuses %q", name)
		all = append(all, text)
	}
	for name, b := range badConfigs {
		text := spoilt(t, b.good, b.changes)
		assert.Equal(t, b.beyond, e.accepts(t, text), "the schema says otherwise of %q than what is marked: %s", name, verdict(text))
		if !b.beyond {
			assert.False(t, e.accepts(t, []byte("["+goodNTLM+","+string(text)+"]")), "in an array, %q is accepted", name)
		}
	}
	slices.Sort(all)
	assert.True(t, e.accepts(t, []byte("["+strings.Join(all, ",")+"]")))
	for _, text := range []string{`[]`, `null`, `"x"`, `7`, `{}`, `[[]]`} {
		assert.False(t, e.accepts(t, []byte(text)), text)
		configs, err := exchange.ParseConfigs(strings.NewReader(text))
		if err == nil {
			err = configs[0].Validate()
		}
		assert.Error(t, err, text)
	}
}

var whole = flag.Bool("whole", false, "TestConfigSchemaIsNotStricter: each change of each configuration, not of one in turn")

// TestConfigSchemaIsNotStricter changes one or two fields of configurations at
// will: whatever the schema refuses, the loader or Validate refuses, too.
func TestConfigSchemaIsNotStricter(t *testing.T) {
	t.Parallel()
	e := publishedSchema(t)
	names := slices.Sorted(maps.Keys(badConfigs))
	for i, first := range names {
		second := names[(i*7+1)%len(names)]
		for j, good := range []string{goodNTLM, goodImpersonation, goodOnline, goodDiscovery, goodSearch} {
			if !*whole && i%5 != j {
				continue
			}
			changes := maps.Clone(badConfigs[first].changes)
			maps.Copy(changes, badConfigs[second].changes)
			for _, changes := range []map[string]any{changes, badConfigs[first].changes} {
				text := spoilt(t, good, changes)
				if !e.accepts(t, text) {
					assert.Error(t, verdict(text), "the schema alone refuses %s", text)
				}
			}
		}
	}
}

// TestConfigSchemaEvaluator: the evaluator of these tests refuses unknown
// keywords instead of ignoring them.
func TestConfigSchemaEvaluator(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{`{"patternProperties": {}}`, `{"type": ["string", "null"]}`, `{"$ref": "#/$defs/none"}`, `{"pattern": "("}`, `{"allOf": [7]}`, `{"additionalProperties": {}}`} {
		e := newEvaluator(map[string]any{"$defs": map[string]any{}})
		var s any
		require.NoError(t, json.Unmarshal([]byte(schema), &s))
		_, err := e.valid(s, "x")
		assert.Error(t, err, schema)
	}
}
