package driver_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestMeantMessageID(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"a@b": "a@b", "<a@b>": "a@b", " <a@b>\r\n": "a@b", "< a@b >": "a@b", "<<a@b>>": "a@b",
		"<a@b": "a@b", "a@b>": "a@b", "<a@b>;": "a@b", "a@b,": "a@b",
		`"<a@b>"`: "a@b", "'a@b'": "a@b", "“<a@b>”": "a@b", "(<a@b>)": "a@b",
		"Message-ID: <a@b>": "a@b", "message-id:<a@b>": "a@b", "Message-Id : <a@b>": "a@b", "In-Reply-To: <a@b>": "In-Reply-To: <a@b>",
		"&lt;a@b&gt;": "a@b", "&#60;a&amp;c@b&#62;": "a&c@b", "%3Ca%40b%3E": "a@b", "%3ca+c@b%3e": "a+c@b",
		"<a\u200b@b>\ufeff": "a@b", "\u2060a@b": "a@b",
		`"a b"@x`: `"a b"@x`, "<no-at-sign>": "no-at-sign", "100%40x": "100@x", "%80%40x": "%80%40x", "%00%40x": "%00%40x", "a&#1;%40b": "a&#1;@b", "<a@b> <c@d>": "<a@b> <c@d>",
		"Message-ID <a@b>": "a@b", "MessageID: <a@b>": "a@b", "Message_ID=a@b": "a@b", "InternetMessageId: <a@b>": "a@b", "mid:a@b": "a@b", "<mailto:a@b>": "a@b", "see <a@b> please": "a@b",
		`"Message-ID": "<a@b>"`: "a@b", "<a@b>.": "a@b", "{<a@b>}": "a@b", `"<a@b>`: "a@b", "*<a@b>*": "a@b", "- <a@b>": "a@b", `<a@b>\r\n`: "a@b", `\u003ca@b\u003e`: "a@b", "=3Ca@b=3E": "a@b",
		"\uff1ca@b\uff1e": "a@b", "\u2039a@b\u203a": "a@b", "&amp;lt;a@b&amp;gt;": "a@b", "%253Ca%2540b%253E": "a@b", "<a @b>": "a@b", "<a@b[.]c>": "a@b.c", "a[at]b": "a@b", "References: <a@b>": "References: <a@b>",
		`"x(at)y"@b`: `"x(at)y"@b`, "a@[10.0.0.1]": "a@[10.0.0.1]", "a<b@c": "a<b@c",
		"<>": "", " < > ": "", "\u200b": "", ";": "",
	} {
		assert.Equal(t, want, driver.MeantMessageID(asked), asked)
	}
}

func TestMeansMessageID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked, id   string
		means, near bool
	}{
		{"<a@b>", "<a@b>", true, false},
		{"a@b", "< a@b >", true, false},
		{"< a@b >", "<a@b>", true, false},
		{"<a@b", "<a@b>", true, false},
		{"<a@b>", "<a@b", true, false},
		{"<a@b>", "<<a@b>>", true, false},
		{"<a@b>", "<a@b> (added by postmaster@x)", true, false},
		{"<a@b> (added by postmaster@x)", "<a@b> (added by postmaster@x)", true, false},
		{"<a@b> <c@d>", "<a@b> <c@d>", true, false},
		{"<a@b>", "<a@b> <c@d>", false, true},
		{"<c@d>", "<a@b> <c@d>", false, true},
		{"<c@d>", "<a@b> <xc@d>", false, false},
		{"<c@d>", "<(x)c@d>", false, true},
		{"<c>", "<a c>", false, false},
		{"<c.d@b>", `<"c.d"@b>`, false, true},
		{"<c d@b>", "<c  d@b>", false, true},
		{"<c d@b>", "<c\td@b>", false, true},
		{"<cd@b>", "<c\r\n d@b>", false, true},
		{"<cd@b>", "<c(x)d@b>", false, true},
		{"<cd@b>", "<c(d@b>", false, false},
		{"<c@\u00fc.d>", "<c@xn--tda.D>", false, true},
		{"<c@\u00fc.d>", "<c@xn--tda.e>", false, false},
		{"<c@xn--9ca.d>", "<c@xn--tda.d>", false, false},
		{"<c@\u00fc.d>", "<d@xn--tda.d>", false, false},
		{"()@", `""`, false, false},
		{"=?utf-8?Q?=3Ca=40b=3E?=", "<a@b>", true, false},
		{"<a@b>", "=?utf-8?B?PGFAYj4=?=", true, false},
		{"<a@[IPv6[:]1[:][:]2]>", "<a@[IPv6:1::2]>", true, false},
		{"<a@b>", "(x) <a@b>", true, false},
		{"<a@b>", "<a@\tb>", true, false},
		{"<a@b>", "'<a@b>';", true, false},
		{"<a@b>", "&lt;a@b&gt;", true, false},
		{"Message-ID <a@b>", "<a@b>", true, false},
		{"<a@b>", "<xa@b>", false, false},
		{"<a@b>", "<a@bc>", false, false},
		{"<a@b>", "<A@b>", false, true},
		{"<a@b>", "< A@B >", false, true},
		{"<a@b>", "", false, false},
		{"", "<a@b>", false, false},
		{"<a b@c>", "<a  b@c>", false, true},
		{"&lt;a@b&gt;", "<a@b>", true, false},
		{"&lt;a@b&gt;", "&lt;a@b&gt;", true, false},
	} {
		assert.Equal(t, c.means, driver.MeansMessageID(c.asked, c.id), "%q, %q", c.asked, c.id)
		assert.Equal(t, c.near, driver.NearMessageID(c.asked, c.id), "%q, %q", c.asked, c.id)
	}
}

// Whatever is asked for and whatever the server keeps, ids that read alike are found
// by a spelling or by their letters, and nothing else is meant.
func FuzzMessageID(f *testing.F) {
	for _, s := range []string{"<a@b>", "< a@b >", "Message-ID: <a@b>;", "&lt;a@b&gt;", "%3Ca%40b%3E", "<<a@b", "\u200b", `"a b"@x`, "<a@b> <c@d>"} {
		f.Add(s, s)
		f.Add(s, "<a@b>")
	}
	f.Fuzz(func(t *testing.T, asked, id string) {
		meant := driver.MeantMessageID(asked)
		if again := driver.MeantMessageID(meant); len(again) > len(meant) {
			t.Errorf("%q grows to %q", meant, again)
		}
		if driver.MeansMessageID(asked, id) && driver.NearMessageID(asked, id) {
			t.Errorf("%q and %q are the same and are not", asked, id)
		}
		spellings := driver.MessageIDSpellings(asked)
		if len(spellings) > 12 {
			t.Errorf("%d spellings of %q", len(spellings), asked)
		}
		if meant == "" || strings.ContainsAny(meant, "<>") {
			return
		}
		for _, s := range []string{meant, "<" + meant + ">", "< " + meant + " >"} {
			if !driver.MeansMessageID(asked, s) || !slices.Contains(spellings, s) {
				t.Errorf("%q is a spelling of %q, but not meant by it, or not searched for", s, asked)
			}
		}
	})
}
