package linkunwrap_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
)

func TestUnwrap(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ link, service, want string }{
		"Safe Links": {
			"https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa%3Fb%3Dc%26d&data=05%7C01%7C&sdata=x%3D&reserved=0",
			"Microsoft Safe Links", "https://evil.example/a?b=c&d"},
		"Safe Links, ampersands escaped": {
			"https://nam01.safelinks.protection.outlook.com/?data=05&amp;url=https%3A%2F%2Fevil.example%2Fa&amp;reserved=0",
			"Microsoft Safe Links", "https://evil.example/a"},
		"Safe Links, government": {
			"https://gcc02.safelinks.protection.office365.us/GetUrlReputation?url=https%3a%2f%2fevil.example%2f",
			"Microsoft Safe Links", "https://evil.example/"},
		"Teams": {
			"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url=https%3A%2F%2Fevil.example%2F&locale=en",
			"Microsoft Safe Links", "https://evil.example/"},
		"Azure": {
			"https://nam.safelink.emails.azure.net/redirect/?destination=https%3A%2F%2Fevil.example%2Fx&p=abc",
			"Microsoft Azure e-mail", "https://evil.example/x"},
		"Proofpoint 1": {
			"https://urldefense.proofpoint.com/v1/url?u=http://evil.example/%3Fa%3Db&k=oIvRg1%2BdGAgOoM1BIlLLqw%3D%3D%0A&r=x",
			"Proofpoint URL Defense v1", "http://evil.example/?a=b"},
		"Proofpoint 2": {
			"https://urldefense.proofpoint.com/v2/url?u=http-3A__evil.example_a-5Fb_c-2Dd.html-3Fx-3D1-26y-3D-2520&d=AwdwBAg&c=T",
			"Proofpoint URL Defense v2", "http://evil.example/a_b/c-d.html?x=1&y=%20"},
		"Proofpoint 3": {
			"https://urldefense.com/v3/__https://evil.example/a__;!!ABCdef0!xyz$",
			"Proofpoint URL Defense v3", "https://evil.example/a"},
		"Proofpoint 3, one character": {
			"https://urldefense.com/v3/__https://evil.example:443/search?q=a*test&gs=ps__;Kw!-612Flbf0JvQ3kNJkRi5Jg!Ue6t$",
			"Proofpoint URL Defense v3", "https://evil.example:443/search?q=a+test&gs=ps"},
		"Proofpoint 3, run": {
			"https://urldefense.com/v3/__https://evil.example/**Bx*y__;w6TDtsO8Iw!!AB!z$",
			"Proofpoint URL Defense v3", "https://evil.example/äöüx#y"},
		"Proofpoint 3, asterisk of the URL": {
			"https://urldefense.com/v3/__https://evil.example/*__;!!AB!z$",
			"Proofpoint URL Defense v3", "https://evil.example/*"},
		"Proofpoint 3, slash swallowed": {
			"https://urldefense.us/v3/__https:/evil.example/a__;!!AB!z$",
			"Proofpoint URL Defense v3", "https:/evil.example/a"},
		"Safe Links, no region": {
			"https://safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa",
			"Microsoft Safe Links", "https://evil.example/a"},
		"Safe Links, Outlook on the web": {
			"https://outlook.office.com/mail/safelink.html?url=https%3A%2F%2Fevil.example%2Fa&corid=x",
			"Microsoft Safe Links", "https://evil.example/a"},
		"Check Point, escaped": {
			"https://protect.checkpoint.com/v2/r01/___https%3A//evil.example/a/___.YzJ1OndlY29t",
			"Check Point", "https://evil.example/a/"},
		"Check Point, end cut off": {
			"https://protect.checkpoint.com/v2/r05/___https://evil.example/a?id=b&hl=en_IN___",
			"Check Point", "https://evil.example/a?id=b&hl=en_IN"},
		"Check Point, underscore and fragment": {
			"https://protect.checkpoint.com/v2/r01/___https://evil.example/a_#b___.YzJ1",
			"Check Point", "https://evil.example/a_"},
		"Check Point, underscore at the end": {
			"https://protect.checkpoint.com/v2/r01/___https://evil.example/a____.YzJ1",
			"Check Point", "https://evil.example/a_"},
		"Check Point, slash swallowed": {
			"https://url.avanan.click/v2/___https:/evil.example/a?b=c_d___.YXAzOnNh",
			"Check Point (Avanan)", "https:/evil.example/a?b=c_d"},
		"Hornetsecurity": {
			"https://atpscan.global.hornetsecurity.com/?d=HzV-Jp&f=rhm&i=&k=Eb5a&s=a1b0&u=https%3A%2F%2Fevil.example%2Fa%2F",
			"Hornetsecurity", "https://evil.example/a/"},
		"Trustwave": {
			"http://scanmail.trustwave.com/?c=20988&d=55fe5gyq&u=http%3a%2f%2fevil%2eexample%2fa",
			"Trustwave", "http://evil.example/a"},
		"AppRiver, other path": {
			"https://link.edgepilot.com/x/DmLjQJRw?u=https://evil.example/a",
			"AppRiver", "https://evil.example/a"},
		"FireEye, without version": {
			"https://protect2.fireeye.com/url?k=d37bc159-8f3bf467&u=https://evil.example/a",
			"Trellix (FireEye)", "https://evil.example/a"},
		"Trend Micro, version 2": {
			"https://ctp.trendmicro.com/wis/clicktime/v2/clickthrough?url=https%3A%2F%2Fevil.example%2Fa&umid=x",
			"Trend Micro", "https://evil.example/a"},
		"Symantec, not escaped": {
			"https://clicktime.symantec.com/15tStdWWRBCjGxB6bujRD?h=zRUj=&u=https://evil.example/a",
			"Symantec", "https://evil.example/a"},
		"Barracuda": {
			"https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fevil.example%2fb%2f%23icons&c=E,1,03Q&typo=1",
			"Barracuda", "https://evil.example/b/#icons"},
		"Cisco": {
			"https://secure-web.cisco.com/1EH1B-CLV31IF8/https%3A%2F%2Fevil.example%2Fa%3Fb%3Dc",
			"Cisco", "https://evil.example/a?b=c"},
		"Cisco, decoded by a program": {
			"http://secure-web.cisco.com/1EH1B/https://evil.example/a?b=c",
			"Cisco", "https://evil.example/a?b=c"},
		"Google": {
			"https://www.google.com/url?q=https%3A%2F%2Fevil.example%2Fa&sa=D&source=docs&ust=1&usg=x",
			"Google", "https://evil.example/a"},
		"Google, another country": {
			"http://google.co.uk/url?sa=t&url=https%3A%2F%2Fevil.example%2F", "Google", "https://evil.example/"},
		"Sophos": {
			"https://eu-central-1.protection.sophos.com/?d=evil.example&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPT8_&i=Nj&t=x&h=0",
			"Sophos", "https://evil.example/a?b=??"},
		"Trend Micro": {
			"https://ddec1-0-en-ctp.trendmicro.com:443/wis/clicktime/v1/query?url=https%3a%2f%2fevil.example%2fa%2db&umid=1&auth=2",
			"Trend Micro", "https://evil.example/a-b"},
		"Trellix": {
			"https://protect2.fireeye.com/v1/url?k=459f4078-1a047974&q=1&e=0474f2bc&u=https%3A%2F%2Fevil.example%2Fa",
			"Trellix (FireEye)", "https://evil.example/a"},
		"Symantec": {
			"https://clicktime.symantec.com/a/1/3esC=?d=wUox&u=https%3A%2F%2Fevil.example%2Fa",
			"Symantec", "https://evil.example/a"},
		"Avanan": {
			"https://url.avanan.click/v2/___https://evil.example/a?b=c___.YXAzOnBlcmNvbmE6YTpn#frag",
			"Check Point (Avanan)", "https://evil.example/a?b=c"},
		"Avanan, release": {
			"https://url.avanan.click/v2/r01/___https://evil.example/a___.YXAz", "Check Point (Avanan)", "https://evil.example/a"},
		"Libraesva": {
			"https://urlsand.esvalabs.com/?u=https%3A%2F%2Fevil.example%2Fa&e=1&h=2&f=n&p=y", "Libraesva", "https://evil.example/a"},
		"AppRiver": {
			"https://link.edgepilot.com/s/12345678/abc?u=https%3A%2F%2Fevil.example%2F", "AppRiver", "https://evil.example/"},
		"TitanHQ": {
			"https://linklock.titanhq.com/analyse?url=https%3A%2F%2Fevil.example%2F&data=x", "TitanHQ", "https://evil.example/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := linkunwrap.Unwrap(tt.link)
			require.True(t, ok)
			assert.Equal(t, linkunwrap.Target{Service: tt.service, URL: tt.want}, got)
		})
	}
}

func TestUnwrapDomainOnly(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"Mimecast":           "https://protect-us.mimecast.com/s/abcDEF?domain=evil.example",
		"Mimecast, newer":    "https://url.uk.m.mimecastprotect.com/s/abcDEF?domain=evil.example",
		"INKY":               "https://shared.outlook.inky.com/link?domain=evil.example&t=h.eJx",
		"Sophos with broken": "https://us-west-2.protection.sophos.com/?d=evil.example&u=%%%",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := linkunwrap.Unwrap(link)
			require.True(t, ok)
			assert.True(t, got.DomainOnly)
			assert.Equal(t, "https://evil.example/", got.URL)
		})
	}
}

func TestUnwrapLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"", "https://evil.example/?url=https%3A%2F%2Fother.example%2F", "https://safelinks.protection.outlook.com.evil.example/?url=x",
		"https://protect.mimecast.com/s/token", "https://www.google.com/search?q=https://evil.example",
		"https://secure-web.cisco.com/token", "https://urldefense.com/v3/nothing", "https://urldefense.com/v3/__x",
		"https://eur02.safelinks.protection.outlook.com/?data=1", "https://google.attacker.example/url?q=https://a.example",
	} {
		_, ok := linkunwrap.Unwrap(link)
		assert.False(t, ok, link)
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add("https://urldefense.com/v3/__https://evil.example/**Bx*y__;w6TDtsO8Iw!!AB!z$")
	f.Add("https://urldefense.proofpoint.com/v2/url?u=http-3A__evil.example_a-5Fb&d=1")
	f.Add("https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa%3Fb%3Dc%26d&data=05")
	f.Add("http://user:p@0x7f.1:80\\..\\a%2e%2e/%zz?+%2B#f")
	f.Add("https://eu.protection.sophos.com/?d=evil.example&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUv")
	f.Fuzz(func(t *testing.T, link string) {
		if target, ok := linkunwrap.Unwrap(link); ok {
			if target.URL == "" || target.Service == "" {
				t.Fatalf("%q: empty target %+v", link, target)
			}
		}
		m, err := linkunwrap.NewMatcher(link)
		if _, isLink := linkunwrap.Resolve(link, "/"); err != nil || !isLink {
			return // refused, or not a link
		}
		if !m.Match(link) {
			t.Fatalf("%q does not match itself", link)
		}
		if again := " " + strings.TrimRight(link, "\r\n") + "\n "; len(link) < 10_000 && !m.Match(again) {
			t.Fatalf("%q does not match %q", link, again)
		}
	})
}

// On hosts with an open redirect, only the redirecting addresses count; and a link that
// does not show where it leads gets a note if it is asked for.
func TestUnwrapRedirects(t *testing.T) {
	t.Parallel()
	m, err := linkunwrap.NewMatcher("https://lure.example/open")
	require.NoError(t, err)
	for link, want := range map[string]linkunwrap.Verdict{
		"https://www.google.com/amp/s/lure.example/open":                                    linkunwrap.Yes,
		"https://www.googleadservices.com/pagead/aclk?sa=L&adurl=https://lure.example/open": linkunwrap.Yes,
		"https://ad.doubleclick.net/ddm/clk/1;2":                                            linkunwrap.No,
		"https://www.youtube.com/watch?q=https://lure.example/open":                         linkunwrap.No,
		"https://www.bing.com/search?u=a1aHR0cHM6Ly9sdXJlLmV4YW1wbGUvb3Blbg":                linkunwrap.No,
		"https://a.example/owa/?URL=https://lure.example/open":                              linkunwrap.No,
	} {
		assert.Equal(t, want, m.Check(link), link)
	}
	for _, link := range []string{"https://atpscan.global.hornetsecurity.com/index.php?atp_str=x", "https://www.mailcontrol.com/sr/abc=="} {
		m, err := linkunwrap.NewMatcher(link)
		require.NoError(t, err, link)
		assert.NotEmpty(t, m.Meant(), link)
	}
}
