package linkunwrap_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
)

func TestMatcher(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want    string
		yes, no []string
	}{
		"path": {
			"https://Evil.Example/a/b",
			[]string{
				"https://evil.example/a/b", "http://evil.example/a/b", "HTTPS://EVIL.EXAMPLE:443/a/b/", "https://evil.example./a/b#x",
				"https://evil.example/a/b?id=7", "https://evil.example/a/b/c", "https://evil.example/a/./x/../b", "https:/evil.example/a/b",
				`https:\\evil.example\a\b`, "https://evil.example/%61/b", "https://login.bank.example@evil.example/a/b", " https://evil.\r\nexample/a/b\t",
				"https://%65vil.example/a/b", "https://evil.example/a%2Fb",
			},
			[]string{
				"https://evil.example/a/bc", "https://evil.example/a", "https://evil.example/A/b", "https://x.evil.example/a/b", "https://evil.example:8443/a/b",
				"https://evil.example.other.example/a/b", "https://good.example/?u=https://evil.example/a/b", "mailto:evil.example/a/b", "",
			},
		},
		"query": {
			"https://evil.example/a?id=7",
			[]string{"https://evil.example/a?id=7", "https://evil.example/a/?id=7&utm=x", "https://evil.example/a?id=%37"},
			[]string{"https://evil.example/a", "https://evil.example/a?id=77", "https://evil.example/a/b?id=7", "https://evil.example/a?x=1&id=7"},
		},
		"query with blanks": {
			"https://evil.example/?q=a+b", []string{"https://evil.example/?q=a%20b", "https://evil.example?q=a b"}, []string{"https://evil.example/?q=a%2Bb"},
		},
		"host": {
			"https://evil.example", []string{"http://evil.example", "https://evil.example/any/where?x"}, []string{"https://other.example/"},
		},
		"schemeless": {
			"www.evil.example/a", []string{"http://www.evil.example/a", "WWW.evil.example/a"}, []string{"http://evil.example/a"},
		},
		"domain name in Unicode": {
			"https://bücher.example/", []string{"https://xn--bcher-kva.example/", "https://BÜCHER.example", "https://b%C3%BCcher。example/"}, []string{"https://bucher.example/"},
		},
		"address in numbers": {
			"http://127.0.0.1/x", []string{"http://2130706433/x", "http://0x7f.0.0.1/x", "http://0177.1/x"}, []string{"http://127.0.0.2/x", "http://127.0.0.1.2/x"},
		},
		"IPv6": {"http://[2001:DB8::1]:8080/", []string{"http://[2001:db8:0::1]:8080/x"}, []string{"http://[2001:db8::1]/"}},
		"port": {"http://evil.example:8080/", []string{"https://evil.example:8080/"}, []string{"http://evil.example/"}},
		"characters that URLs do not hold": {
			"https://evil.example/ä ö", []string{"https://evil.example/%C3%A4%20%c3%b6"}, nil,
		},
		"rewritten in the criterion": {
			"https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa&data=1",
			[]string{"https://evil.example/a", "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fevil.example%2fa&c=E"}, []string{"https://evil.example/"},
		},
		"a token in the criterion stands for its domain": {
			"https://protect-us.mimecast.com/s/abc?domain=evil.example",
			[]string{"https://protect-us.mimecast.com/s/abc?domain=evil.example", "https://evil.example/a"}, []string{"https://x.evil.example/", "https://protect-us.mimecast.com/s/abd"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := linkunwrap.NewMatcher(tt.want)
			require.NoError(t, err)
			for _, link := range tt.yes {
				assert.True(t, m.Match(link), link)
			}
			for _, link := range tt.no {
				assert.False(t, m.Match(link), link)
			}
		})
	}
}

// Nested services are unwrapped, in whichever order.
func TestMatcherChains(t *testing.T) {
	t.Parallel()
	m, err := linkunwrap.NewMatcher("https://evil.example/a?b=c&d=e f")
	require.NoError(t, err)
	wraps := map[string]func(string) string{
		"Safe Links": func(s string) string {
			return "https://x.safelinks.protection.outlook.com/?url=" + url.QueryEscape(s) + "&data=1"
		},
		"Proofpoint 2": func(s string) string {
			var b strings.Builder
			for _, c := range []byte(s) {
				switch {
				case c == '/':
					b.WriteByte('_')
				case c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
					b.WriteByte(c)
				default:
					fmt.Fprintf(&b, "-%02X", c)
				}
			}
			return "https://urldefense.proofpoint.com/v2/url?u=" + b.String() + "&d=1"
		},
		"Barracuda": func(s string) string {
			return "https://linkprotect.cudasvc.com/url?a=" + url.QueryEscape(s) + "&c=E"
		},
		"Cisco": func(s string) string { return "https://secure-web.cisco.com/1token/" + url.QueryEscape(s) },
	}
	for outer, wrap := range wraps {
		for inner, wrapFirst := range wraps {
			link := wrap(wrapFirst("https://evil.example/a?b=c&d=e%20f"))
			assert.True(t, m.Match(link), "%s in %s: %s", inner, outer, link)
		}
	}
	deep := "https://evil.example/a?b=c&d=e+f"
	for range 20 {
		deep = wraps["Safe Links"](deep)
	}
	assert.Equal(t, linkunwrap.Maybe, m.Check(deep), "the number of layers is limited")
}

func TestCasesRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "evil", "a@evil.example", "https//evil.example/a", "mailto:a@evil.example", "https://", "https:///", "https://localhost/x", "javascript:alert(1)"} {
		_, err := linkunwrap.NewMatcher(bad)
		assert.Error(t, err, bad)
	}
	for bad, why := range map[string]string{
		"https://*.evil.example/a":                           "wildcard",
		"hxxps://*[.]evil[.]example":                         "wildcard",
		"*.evil.example":                                     "wildcard",
		"https://evil.example/a*":                            "wildcard",
		"https://evil.example/a (phishing)":                  "text behind it",
		"https://evil.example%2Fa":                           "character",
		"https://evil.example／a":                             "character",
		"https://evil .example/a":                            "blank",
		"https://evil%20.example/a":                          "blank",
		"https://evil..example/a":                            "empty label",
		"https://evil[]example.test/":                        "character",
		"https://evil|bank.example/":                         "character",
		"https://" + strings.Repeat("ü", 300) + ".example/":  "no link can have",
		"https://" + strings.Repeat("a.", 200) + "example/x": "no link can have",
	} {
		_, err := linkunwrap.NewMatcher(bad)
		assert.ErrorContains(t, err, why, bad)
	}
}

// A defanged URL, written so that nobody can follow it, is understood.
func TestCasesDefanged(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{
		"hxxps://evil[.]example/a?x=1", "hXXps://evil(.)example/a?x=1", "hxxps[:]//evil[.]example/a?x=1", "hxxps[://]evil[.]example/a?x=1", "h**ps://evil{.}example/a?x=1",
		"https://evil[dot]example/a?x=1", "hxxp://evil(dot)example[/]a?x=1", "evil[.]example/a?x=1", "evil(dot)example/a?x=1", "https://evil[.example/a?x=1", "https://evil\\.example/a?x=1",
		"evil.example/a?x=1", "//evil.example/a?x=1", `"https://evil.example/a?x=1"`, "(https://evil.example/a?x=1)", "`https://evil.example/a?x=1`", "https://evil.example/a?x=1.", "https://evil.example/a?x=1),",
		"URL: https://evil.example/a?x=1", `https:\/\/evil.example\/a?x=1`, "https%3A%2F%2Fevil.example%2Fa%3Fx%3D1", "https&#58;//evil.example/a?x=1&amp;", "[here](https://evil.example/a?x=1)", "https://evil.example/a?x=1%20",
		" <https://evil.example/a?x=1> ", "https://evil。example/a?x=1", "https://evil dot example/a?x=1", "[https]://evil[.]example/a?x=1", "meow://evil[.]example/a?x=1",
	} {
		m, err := linkunwrap.NewMatcher(asked)
		require.NoError(t, err, asked)
		assert.True(t, m.Match("https://evil.example/a?x=1"), asked)
		assert.False(t, m.Match("https://evil.example/b"), asked)
	}
	m, err := linkunwrap.NewMatcher("https://evil.example/a[1].html?x=(y)")
	require.NoError(t, err)
	assert.True(t, m.Match("https://evil.example/a[1].html?x=(y)"), "brackets of the URL itself stay")
}

// Meant reports how a URL was understood if it was not taken literally.
func TestMatcherMeant(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"https://evil.example/a":   "",
		"hxxps://evil[.]example/a": "it was taken as https://evil.example/a",
		"evil.example":             "it was taken as https://evil.example",
		"https://evil.example/*":   "it was taken as https://evil.example",
		"https://protect-eu.mimecast.com/s/abcDEF?domain=evil.example":         "shows only the domain of its target, so all links to https://evil.example/",
		"https://protect-eu.mimecast.com/s/abcDEF":                             "does not show where it leads, so only that link itself is found",
		"https://linkprotect.cudasvc.com/url?a=https%3A%2F%2Fevil.example%2Fa": "so links to https://evil.example/a were looked for, too",
	} {
		m, err := linkunwrap.NewMatcher(asked)
		require.NoError(t, err, asked)
		if want == "" {
			assert.Empty(t, m.Meant(), asked)
		} else {
			assert.Contains(t, m.Meant(), want, asked)
		}
	}
}

// A link that shows only the domain of its target may lead to any path there.
func TestCheckDomainOnly(t *testing.T) {
	t.Parallel()
	const link = "https://protect-eu.mimecast.com/s/abcDEF?domain=evil.example"
	for asked, want := range map[string]linkunwrap.Verdict{
		"https://evil.example": linkunwrap.Yes, "https://evil.example/a": linkunwrap.Maybe, "https://evil.example/?q": linkunwrap.Maybe,
		"https://other.example/a": linkunwrap.No, link: linkunwrap.Yes,
	} {
		m, err := linkunwrap.NewMatcher(asked)
		require.NoError(t, err, asked)
		assert.Equal(t, want, m.Check(link), asked)
	}
}

// A target that was not escaped may have several query parameters, or be followed by
// those of the service; some services show only the registered domain of a host.
func TestCheckReadsNoLessThanThereIs(t *testing.T) {
	t.Parallel()
	const link = "https://cas5-0-urlprotect.trendmicro.com/wis/clicktime/v1/query?url=https://evil.example/a?x=1&y=2&umid=3"
	for _, asked := range []string{"https://evil.example/a", "https://evil.example/a?x=1", "https://evil.example/a?x=1&y=2"} {
		m, err := linkunwrap.NewMatcher(asked)
		require.NoError(t, err)
		assert.Equal(t, linkunwrap.Yes, m.Check(link), asked)
	}
	m, err := linkunwrap.NewMatcher(link)
	require.NoError(t, err)
	assert.True(t, m.Match("https://evil.example/a?x=1"), "what the service added is not asked for")

	const short = "https://eu-central-1.protection.sophos.com/?d=evil.example&b=990260&x=55f1&q=4bPL"
	for asked, want := range map[string]linkunwrap.Verdict{
		"https://www.evil.example/a": linkunwrap.Maybe, "https://www.evil.example": linkunwrap.Maybe, "https://notevil.example/a": linkunwrap.No,
	} {
		m, err := linkunwrap.NewMatcher(asked)
		require.NoError(t, err)
		assert.Equal(t, want, m.Check(short), asked)
	}
}
