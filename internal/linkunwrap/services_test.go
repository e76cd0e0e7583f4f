package linkunwrap_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
)

// rewriters rewrite a link as services do, in the order of the table.
var rewriters = []struct {
	service string // as Unwrap names it; empty for a link that was not rewritten
	rewrite func(link string) string
}{
	{"", func(l string) string { return l }},
	{"Microsoft Safe Links", func(l string) string {
		return "https://eur02.safelinks.protection.outlook.com/?url=" + url.QueryEscape(l) + "&data=05%7C02&reserved=0"
	}},
	{"Microsoft Azure e-mail", func(l string) string {
		return "https://nam.safelink.emails.azure.net/redirect/?destination=" + url.QueryEscape(l) + "&p=x"
	}},
	{"Proofpoint URL Defense v1", func(l string) string {
		return "https://urldefense.proofpoint.com/v1/url?u=" + url.QueryEscape(l) + "&k=x"
	}},
	{"Proofpoint URL Defense v2", func(l string) string {
		return "https://urldefense.proofpoint.com/v2/url?u=" + strings.NewReplacer("-", "-2D", "_", "-5F", "/", "_", "%", "-").Replace(strings.ReplaceAll(url.QueryEscape(l), "%2F", "/")) + "&d=DwM"
	}},
	{"Proofpoint URL Defense v3", func(l string) string {
		var kept, out strings.Builder
		for _, r := range l {
			if r < 0x80 && r != '+' {
				out.WriteRune(r)
			} else {
				out.WriteByte('*')
				kept.WriteRune(r)
			}
		}
		return "https://urldefense.com/v3/__" + out.String() + "__;" + base64.RawURLEncoding.EncodeToString([]byte(kept.String())) + "!!AB!x$"
	}},
	{"Barracuda", func(l string) string {
		return "https://linkprotect.cudasvc.com/url?a=" + url.QueryEscape(l) + "&c=E,1,x&typo=1"
	}},
	{"Cisco", func(l string) string { return "https://secure-web.cisco.com/1abc-DEF/" + url.QueryEscape(l) }},
	{"Google", func(l string) string {
		return "https://www.google.com/url?q=" + url.QueryEscape(l) + "&source=gmail"
	}},
	{"Sophos", func(l string) string {
		return "https://eu-central-1.protection.sophos.com/?d=x.example&u=" + base64.URLEncoding.EncodeToString([]byte(l)) + "&i=x"
	}},
	{"Trend Micro", func(l string) string {
		return "https://ddec1-0-en-ctp.trendmicro.com/wis/clicktime/v1/query?url=" + url.QueryEscape(l) + "&umid=1"
	}},
	{"Trellix (FireEye)", func(l string) string { return "https://protect2.fireeye.com/v1/url?k=x&u=" + url.QueryEscape(l) }},
	{"Symantec", func(l string) string { return "https://clicktime.symantec.com/a/1/x=?u=" + url.QueryEscape(l) }},
	{"Check Point (Avanan)", func(l string) string { return "https://url.avanan.click/v2/___" + l + "___.YXAz" }},
	{"Check Point", func(l string) string { return "https://protect.checkpoint.com/v2/r01/___" + l + "___.YXAz" }},
	{"Libraesva", func(l string) string { return "https://urlsand.esvalabs.com/?u=" + url.QueryEscape(l) + "&e=1" }},
	{"AppRiver", func(l string) string { return "https://link.edgepilot.com/s/1a/b?u=" + url.QueryEscape(l) }},
	{"Trustwave", func(l string) string {
		return "https://scanmail.trustwave.com/?c=20988&d=i-GP5uRIMfh6&u=" + url.QueryEscape(l)
	}},
	{"Hornetsecurity", func(l string) string {
		return "https://atpscan.global.hornetsecurity.com/?d=HzV-JpXn&f=rhmYUrUT0yf7&i=&k=Eb5a&u=" + url.QueryEscape(l)
	}},
	{"TitanHQ", func(l string) string { return "https://linklock.titanhq.com/analyse?url=" + url.QueryEscape(l) }},
	{"Fortinet FortiMail", func(l string) string {
		return "https://fortimail.a.example/fmlurlsvc/?fewReq=:B:x&url=" + url.QueryEscape(l)
	}},
	{"Outlook on the web", func(l string) string { return "https://mail.a.example/owa/redir.aspx?C=x&URL=" + url.QueryEscape(l) }},
	{"Google", func(l string) string { return "https://translate.google.com/translate?sl=auto&u=" + url.QueryEscape(l) }},
	{"Bing", func(l string) string {
		return "https://www.bing.com/ck/a?!&&p=x&u=a1" + base64.RawURLEncoding.EncodeToString([]byte(l)) + "&ntb=1"
	}},
	{"DuckDuckGo", func(l string) string { return "https://duckduckgo.com/l/?uddg=" + url.QueryEscape(l) }},
	{"Facebook", func(l string) string { return "https://l.facebook.com/l.php?h=x&u=" + url.QueryEscape(l) }},
	{"LinkedIn", func(l string) string { return "https://www.linkedin.com/redir/redirect?url=" + url.QueryEscape(l) }},
	{"YouTube", func(l string) string { return "https://www.youtube.com/redirect?event=x&q=" + url.QueryEscape(l) }},
	{"Slack", func(l string) string { return "https://slack-redir.net/link?url=" + url.QueryEscape(l) }},
	{"VK", func(l string) string { return "https://vk.com/away.php?to=" + url.QueryEscape(l) }},
	{"Steam", func(l string) string { return "https://steamcommunity.com/linkfilter/?u=" + url.QueryEscape(l) }},
	{"Mimecast", func(l string) string {
		return "https://protect-eu.mimecast.com/s/abcDEF?domain=" + strings.TrimSuffix(hostOf(l), ":443")
	}},
	{"INKY", func(l string) string {
		return "https://shared.outlook.inky.com/link?domain=" + strings.TrimSuffix(hostOf(l), ":443") + "&t=x"
	}},
}

// spellings are other ways to write the link, in the order of the table.
var spellings = []struct {
	name  string
	spell func(link string) string
}{
	{"as it is", func(l string) string { return l }},
	{"other case", func(l string) string {
		return "HTTPS://" + strings.Replace(l[8:], hostOf(l), strings.ToUpper(hostOf(l)), 1)
	}},
	{"port", func(l string) string { return strings.Replace(l, hostOf(l), hostOf(l)+":443", 1) }},
	{"percent", func(l string) string { return strings.NewReplacer("open", "%6fpe%6E", "ü", "%C3%BC").Replace(l) }},
	{"Punycode", func(l string) string {
		ascii, _ := idna.Lookup.ToASCII(hostOf(l))
		return strings.Replace(l, hostOf(l), ascii, 1)
	}},
	{"last slash", func(l string) string {
		path, query, asked := strings.Cut(l, "?")
		if asked {
			return path + "/?" + query
		}
		return path + "/"
	}},
}

func hostOf(link string) string {
	host, _, _ := strings.Cut(link[len("https://"):], "/")
	return host
}

// wantedLinks are 300 links, a third of them with letters beyond ASCII in the host.
func wantedLinks() []string {
	var all []string
	for host := range 30 {
		name := fmt.Sprintf("https://login%d.lure.example", host)
		if host%3 == 0 {
			name = fmt.Sprintf("https://bücher%d.example", host)
		}
		for _, path := range []string{
			"/open", "/open/a", "/open.php?id=7", "/open?u=a%40b.example&t=1", "/open/Mixed_Case-1", "/open~x/;v=1", "/open/%C3%BC", "/open?q=a+b", "/open/a,b", "/a/open!x",
		} {
			all = append(all, name+path)
		}
	}
	return all
}

// Each of 300 links is found, or undecided, as it is and as rewritten, however it is
// spelt. OPERATING.md contains the table.
func TestCasesServices(t *testing.T) {
	t.Parallel()
	links := wantedLinks()
	require.Len(t, links, 300)
	matchers := make([]*linkunwrap.Matcher, len(links))
	for i, link := range links {
		var err error
		matchers[i], err = linkunwrap.NewMatcher(link)
		require.NoError(t, err, link)
	}
	var table strings.Builder
	table.WriteString("| rewritten by |")
	for _, s := range spellings {
		table.WriteString(" " + s.name + " |")
	}
	table.WriteString("\n|---|" + strings.Repeat("---|", len(spellings)) + "\n")
	for _, r := range rewriters {
		var hits, maybe, tried [6]int
		for i, link := range links {
			s := (i + i/len(spellings)) % len(spellings)
			rewritten := r.rewrite(spellings[s].spell(link))
			if target, _ := linkunwrap.Unwrap(rewritten); target.Service != r.service {
				t.Errorf("%s is one of %q, not of %q", rewritten, target.Service, r.service)
			}
			tried[s]++
			switch matchers[i].Check(rewritten) {
			case linkunwrap.Yes:
				hits[s]++
			case linkunwrap.Maybe:
				maybe[s]++
			default:
				t.Errorf("%s: missed %s as %s", r.service, link, rewritten)
			}
		}
		name := r.service
		if name == "" {
			name = "nobody"
		}
		table.WriteString("| " + name + " |")
		for s := range spellings {
			if maybe[s] > 0 {
				fmt.Fprintf(&table, " %d undecided |", maybe[s])
			} else {
				fmt.Fprintf(&table, " %d of %d |", hits[s], tried[s])
			}
		}
		table.WriteString("\n")
	}
	t.Log("\n" + table.String())
	guide, err := os.ReadFile("../../OPERATING.md")
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(guide), table.String()), "OPERATING.md has another table; put this one there")
}
