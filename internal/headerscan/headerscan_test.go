package headerscan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
)

const evil = "m@evil.example"

// Fields in which a person reads the address.
var readable = map[string]string{
	"bare":                          `m@evil.example`,
	"another case":                  `Bank <M@EVIL.example>`,
	"unquoted comma":                `Bank, Ltd <m@evil.example>`,
	"comma and bracket":             `Bank,<m@evil.example>`,
	"semicolon":                     `Bank; <m@evil.example>`,
	"empty address before":          `"Bank"<><m@evil.example>`,
	"second of two":                 `a@b.example, m@evil.example`,
	"no bracket at the end":         `Bank <m@evil.example`,
	"brackets twice":                `<<m@evil.example>>`,
	"name glued":                    `Bank<m@evil.example>`,
	"encoded word glued":            `=?utf-8?B?QmFuaw==?=<m@evil.example>`,
	"encoded word glued, no angles": `=?utf-8?B?QmFuaw==?=m@evil.example`,
	"ideographs glued":              "\u94f6\u884cm@evil.example",
	"encoded word behind":           `<m@evil.example>=?utf-8?Q?Bank?=`,
	"domain and encoded word":       `m@evil.example=?utf-8?B?6ZO26KGM?=`,
	"all of it encoded":             `=?utf-8?Q?Bank_=3Cm=40evil=2Eexample=3E?=`,
	"all of it in base64":           `=?iso-8859-1?B?QmFuayA8bUBldmlsLmV4YW1wbGU+?=`,
	"encoded in two words":          `=?utf-8?Q?m=40ev?= =?utf-8?Q?il.example?=`,
	"encoded local part":            `=?utf-8?Q?m?=@evil.example`,
	"in UTF-16":                     `=?utf-16be?B?AG0AQABlAHYAaQBsAC4AZQB4AGEAbQBwAGwAZQ==?=`,
	"with a language":               `=?us-ascii*en?q?m=40evil.example?=`,
	"encoded word without an end":   `=?utf-8?B?QmFua <m@evil.example>`,
	"encoded words in quotes":       `"=?utf-8?Q?Bank?=" <m@evil.example>`,
	"of an unknown charset":         `=?x-none?Q?m=40evil.example?=`,
	"name is the address":           `"m@evil.example" <a@b.example>`,
	"apostrophes":                   `'m@evil.example' <a@b.example>`,
	"typographic quotes":            "\u201cm@evil.example\u201d <a@b.example>",
	"comment":                       `a@b.example (m@evil.example)`,
	"comment inside":                `m(x(y))@(z)evil.example`,
	"comment not closed":            `:( m@evil.example`,
	"group":                         `Board: a@b.example, m@evil.example;`,
	"route":                         `<@a.example,@b.example:m@evil.example>`,
	"mailto":                        `<mailto:m@evil.example>`,
	"blanks":                        `m @ evil . example`,
	"folded in brackets":            `<m@ev il.example>`,
	"quoted local part":             `"m"@evil.example`,
	"quoted pair":                   `\m@evil.example`,
	"dot behind":                    `m@evil.example.`,
	"text behind a dot":             `m@evil.example. Bank`,
	"wide characters":               "m\uff20evil\uff0eexample",
	"zero-width space":              "m\u200b@evil\u200b.example",
	"soft hyphen":                   "m@e\u00advil.example",
	"two at signs":                  `m@evil.example@b.example`,
	"no-break space":                "Bank\u00a0m@evil.example",
	"Latin-1":                       "B\xe4nk <m@evil.example>",
	"encoded word of no charset":    `=??Q?m=40evil.example?=`,
	"something that looks encoded":  `=?x <m@evil.example>`,
	"one character in two words":    `=?utf-8?B?w?= =?utf-8?Q?m=40evil.example?=`,
}

// Fields that have another address.
var others = map[string]string{
	"none":                   ``,
	"name alone":             `Bank`,
	"another domain":         `m@evil.example.org`,
	"a longer domain":        `m@evil.examples`,
	"a domain below":         `m@mail.evil.example`,
	"a longer local part":    `xm@evil.example`,
	"a dotted local part":    `x.m@evil.example`,
	"a hyphen":               `x-m@evil.example`,
	"an accent":              "e\u0301m@evil.example",
	"an apostrophe":          `o'm@evil.example`,
	"the domain alone":       `evil.example`,
	"no local part":          `@evil.example`,
	"apart":                  `m, evil.example`,
	"base64 that looks like": `=?utf-8?B?m?= <a@evil.example>`,
}

func TestAddressIn(t *testing.T) {
	t.Parallel()
	a := headerscan.NewAddress(evil)
	for name, field := range readable {
		assert.True(t, a.In(field), name)
		assert.True(t, headerscan.Any(field), name)
	}
	for name, field := range others {
		assert.False(t, a.In(field), name)
	}
	assert.False(t, headerscan.Any("Bank"))
	assert.False(t, headerscan.NewAddress("").In(evil))
}

func TestAddressOfOtherForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address, field string
		want           bool
	}{
		{"m@b\u00fccher.example", "<m@xn--bcher-kva.example>", true},
		{"m@xn--bcher-kva.example", "=?utf-8?Q?m=40b=C3=BCcher.example?=", true},
		{"m@b\u00fccher.example", "m@bu\u0308cher.example", true},
		{"m@b\u00fccher.example", "m@bucher.example", false},
		{"m@[192.0.2.1]", "<m@[192.0.2.1]>", true},
		{"m@[192.0.2.1]", "<m@[192.0.2.10]>", false},
		{"o'hara@b.example", "O'Hara <O'Hara@b.example>", true},
		{"hara@b.example", "O'Hara <O'Hara@b.example>", false},
		{"'m'@b.example", "<'m'@b.example>", true},
		{"m_x+y@b.example", "m_x+y@b.example", true},
		{"y@b.example", "m_x+y@b.example", false},
		{"\u043c@\u043f\u0440\u0438\u043c\u0435\u0440.example", "=?koi8-r?B?zUDQ0snNxdIuZXhhbXBsZQ==?=", true},
	} {
		assert.Equal(t, tt.want, headerscan.NewAddress(tt.address).In(tt.field), "%s in %s", tt.address, tt.field)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header string
		want   []string
	}{
		"folded":            {"From: Bank\r\n\t<m@evil.example>\r\nTo: a@b.example\r\n", []string{"Bank <m@evil.example>"}},
		"folded by blanks":  {"From: Bank\r\n \r\n <m@evil.example>\r\n", []string{"Bank <m@evil.example>"}},
		"without the blank": {"From: Bank\r\n<m@evil.example>\r\nTo: x\r\n", []string{"Bank <m@evil.example>"}},
		"carriage return":   {"X: y\rFrom: Bank\r <m@evil.example>\n", []string{"Bank <m@evil.example>"}},
		"returns twice":     {"X: y\r\r\nFrom: m@evil.example\r\r\n\r\nFrom: body", []string{"m@evil.example"}},
		"two fields":        {"FROM: a@b.example\nfrom : m@evil.example\n", []string{"a@b.example", "m@evil.example"}},
		"mark before":       {"\uFEFFFrom: m@evil.example\r\n", []string{"m@evil.example"}},
		"mbox":              {"From mallory Tue Nov 24 10:00:00 2026\nFrom: m@evil.example\n", []string{"m@evil.example"}},
		"empty lines first": {"\r\n\r\nFrom: m@evil.example\r\n\r\nFrom: a@b.example", []string{"m@evil.example"}},
		"no end":            {"Subject: x\r\nFrom: m@evil.example", []string{"m@evil.example"}},
		"colon in a group":  {"From: Board:\r\n <mailto:m@evil.example>;\r\n", []string{"Board: <mailto:m@evil.example>;"}},
		"none":              {"X-From: m@evil.example\r\nSubject: From: m@evil.example\r\n", nil},
		"nothing":           {"", nil},
	} {
		var got []string
		for _, v := range headerscan.Fields(tt.header, "From", "Sender") {
			got = append(got, strings.Join(strings.Fields(v), " "))
		}
		assert.Equal(t, tt.want, got, name)
	}
}

// The contents of a large header do not make it slow. The bound is wide: anything
// quadratic takes minutes.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	a := headerscan.NewAddress(evil)
	for _, piece := range []string{"m@", "=?a?q?x ", "=?", "(", ")", "\\", "\"", "!m@e", "m@\u00fc.", " .", "=?utf-8?B?", "@", "\u0301"} {
		begin := time.Now()
		assert.False(t, a.In(strings.Repeat(piece, 100_000/len(piece))), piece)
		assert.Less(t, time.Since(begin), 20*time.Second, piece)
	}
}

// Local parts in quotation marks and IP addresses in brackets are found as written.
func TestAddressWithQuotesAndLiterals(t *testing.T) {
	t.Parallel()
	for address, fields := range map[string][2][]string{
		`"john doe"@evil.example`: {
			{`"John Doe"@evil.example`, `Bank <"john doe"@evil.example>`, `"john\ doe"@evil.example`, `"john doe" (x) @ evil.example`},
			{`"x john doe"@evil.example`, `john doe@evil.example`, `doe@evil.example`, `"john doe"@evil.example.test`},
		},
		`"a@b"@evil.example`:   {{`<"a@b"@evil.example>`}, {`<b@evil.example>`, `a@b`}},
		`"m"@evil.example`:     {{`m@evil.example`, `"m"@evil.example`}, {`"x m"@other.example`, `xm@evil.example`}},
		"m@[IPv6:2001:db8::1]": {{`<m@[IPv6:2001:DB8::1]>`}, {`<m@[IPv6:2001:db8::2]>`, `x.m@[IPv6:2001:db8::1]`}},
	} {
		for _, field := range fields[0] {
			assert.True(t, headerscan.NewAddress(address).In(field), "%s in %s", address, field)
		}
		for _, field := range fields[1] {
			assert.False(t, headerscan.NewAddress(address).In(field), "%s in %s", address, field)
		}
	}
}
