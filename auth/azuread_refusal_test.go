package auth

import (
	"encoding/json"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

func TestBearerRefusal(t *testing.T) {
	t.Parallel()
	const claims = "eyJhIjp7fX0=" // {"a":{}}
	for name, tc := range map[string]struct {
		challenge, diagnostics string
		want                   bearerRefusal
		renew                  bool
	}{
		"expired": {`Bearer client_id="x", trusted_issuers="a,b", error="invalid_token"`, `2000002;reason="expired";error_category="token_expired"`,
			bearerRefusal{code: "invalid_token", number: "2000002", diagnostics: `2000002;reason="expired";error_category="token_expired"`}, true},
		"audience": {`Bearer error="invalid_token"`, `2000003;reason="audience"`,
			bearerRefusal{code: "invalid_token", number: "2000003", diagnostics: `2000003;reason="audience"`}, false},
		"no diagnostics": {`bearer error=invalid_token`, "", bearerRefusal{code: "invalid_token"}, true},
		"claims":         {`Bearer realm="", error="insufficient_claims", claims="` + claims + `"`, "", bearerRefusal{code: "insufficient_claims", claims: `{"a":{}}`}, true},
		"claims url":     {`Bearer claims="eyJhIjoiPz8_In0"`, "", bearerRefusal{claims: `{"a":"???"}`}, true},
		"empty object":   {`Bearer claims="e30="`, "", bearerRefusal{}, false},
		"quoted":         {`Bearer error_description="say \"error=invalid_token\"", error="other"`, "", bearerRefusal{code: "other"}, false},
		"other scheme":   {`Basic realm="error=invalid_token"`, "", bearerRefusal{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Www-Authenticate": {tc.challenge}}
			if tc.diagnostics != "" {
				h.Set("X-Ms-Diagnostics", tc.diagnostics)
			}
			got := readBearerRefusal(&http.Response{Header: h, Body: http.NoBody}, new(redact.Secrets))
			assert.Equal(t, tc.want, got)
			assert.Equal(t, tc.renew, got.renew())
		})
	}
}

func FuzzBearerRefusal(f *testing.F) {
	f.Add(`Bearer error="invalid_token", claims="eyJhIjp7fX0="`, "2000002;reason=x")
	f.Add(`Bearer a="\"`, "")
	f.Fuzz(func(t *testing.T, challenge, diagnostics string) {
		r := readBearerRefusal(&http.Response{Body: http.NoBody, Header: http.Header{
			"Www-Authenticate": {challenge}, "X-Ms-Diagnostics": {diagnostics},
		}}, new(redact.Secrets))
		if r.claims != "" && !json.Valid([]byte(r.claims)) {
			t.Errorf("claims %q", r.claims)
		}
		if len(r.diagnostics) > maxDetail+3 || !utf8.ValidString(r.diagnostics+r.code) {
			t.Errorf("diagnostics %q, code %q", r.diagnostics, r.code)
		}
	})
}
