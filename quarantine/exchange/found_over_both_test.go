package exchange_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// Outcomes of a search: found, undecided, or not found.
const (
	isFound     = "found"
	isUndecided = "undecided"
	isNotFound  = "not found"
)

// Messages as products write them are found over EWS and over Graph by what an alert
// reports about them. One that may be meant is undecided; no message that is there is ever
// reported as not found.
func TestFoundOverBoth(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	byID := func(id string) quarantine.Target { return quarantine.Target{MessageID: id} }
	by := func(c quarantine.Criteria) quarantine.Target {
		c.ReceivedAfter, c.ReceivedBefore = day, day.Add(time.Second)
		return quarantine.Target{Criteria: c}
	}
	bySender := func(a string) quarantine.Target { return by(quarantine.Criteria{Sender: a}) }
	bySubject := func(s string) quarantine.Target { return by(quarantine.Criteria{Subject: s}) }
	byName := func(n string) quarantine.Target { return by(quarantine.Criteria{AttachmentName: n}) }
	byURL := func(u string) quarantine.Target { return by(quarantine.Criteria{URL: u}) }
	named := func(parameter string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment;" + parameter + "\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("MZ lure")) + "\n--b--"
	}
	linked := func(link string) string { return "Content-Type: text/html\n\n<a href=\"" + link + "\">x</a>" }
	const lure = "https://lure.example/open?id=7"
	const escaped = "https%3A%2F%2Flure.example%2Fopen%3Fid%3D7"
	long := strings.Repeat("a", 900)
	for name, tt := range map[string]struct {
		id, header string // id: default one of its own; the header "EX" is for a sender who has only an X.500 name
		asked      quarantine.Target
		want       string
	}{
		"id with a comment before":            {"(relay) <Lure.1@evil.example>", "", byID("<Lure.1@evil.example>"), isFound},
		"id with a comment inside":            {"<Lure.1(x)@evil.example>", "", byID("<Lure.1@evil.example>"), isUndecided},
		"id in encoded words":                 {"=?utf-8?q?=3CLure=2E1=40evil=2Eexample=3E?=", "", byID("<Lure.1@evil.example>"), isFound},
		"id asked for in encoded words":       {"<Lure.1@evil.example>", "", byID("=?us-ascii?Q?=3CLure=2E1=40evil=2Eexample=3E?="), isFound},
		"id with quotes":                      {`<"Lure.1"@evil.example>`, "", byID("Lure.1@evil.example"), isUndecided},
		"id with quotes, as it is":            {`<"Lure .1"@evil.example>`, "", byID(`<"Lure .1"@evil.example>`), isFound},
		"id with two blanks":                  {"<Lure  1@evil.example>", "", byID("<Lure 1@evil.example>"), isUndecided},
		"id with a tab":                       {"<Lure\t1@evil.example>", "", byID("<Lure 1@evil.example>"), isUndecided},
		"id folded amid a word":               {"<" + long + "\n " + long + "@evil.example>", "", byID("<" + long + long + "@evil.example>"), isUndecided},
		"id of 998 octets":                    {"<" + long + "." + strings.Repeat("b", 82) + "@evil.example>", "", byID(long + "." + strings.Repeat("b", 82) + "@evil.example"), isFound},
		"id with a dot at its end":            {"<Lure.1@evil.example.>", "", byID("<Lure.1@evil.example>"), isFound},
		"id with an IPv6 literal":             {"<Lure.1@[IPv6:2001:db8::1]>", "", byID("Lure.1@[IPv6:2001:db8::1]"), isFound},
		"id with an IPv6 literal, defanged":   {"<Lure.1@[IPv6:2001:db8::1]>", "", byID("<Lure.1@[IPv6[:]2001[:]db8[:][:]1]>"), isFound},
		"id with an international domain":     {"<Lure.1@bücher.example>", "", byID("<Lure.1@xn--bcher-kva.example>"), isUndecided},
		"id with its ASCII form":              {"<Lure.1@XN--bcher-kva.example>", "", byID("<Lure.1@bücher.example>"), isUndecided},
		"id of another such domain":           {"<Lure.1@xn--strae-oqa.example>", "", byID("<Lure.1@xn--bcher-kva.example>"), isNotFound},
		"id with escapes of URLs":             {"<Lure%201@evil.example>", "", byID("%3CLure%25201%40evil.example%3E"), isFound},
		"id in square brackets":               {"[Lure.1@evil.example]", "", byID("<Lure.1@evil.example>"), isFound},
		"sender of the envelope":              {"", "Return-Path: <mallory@evil.example>\nFrom: a@b.example", bySender("mallory@evil.example"), isFound},
		"no sender of the envelope":           {"", "Return-Path: <>\nFrom: a@b.example", bySender("mallory@evil.example"), isNotFound},
		"sender on behalf of another":         {"", "From: Boss <a@b.example>\nSender: Agent <mallory@evil.example>", bySender("mallory@evil.example"), isFound},
		"sender in a group":                   {"", "From: Evil: x@y.example, Mal <mallory@evil.example>;", bySender("mallory@evil.example"), isFound},
		"sender in an encoded word":           {"", "From: =?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte("Bank <mallory@evil.example>")) + "?=", bySender("mallory@evil.example"), isFound},
		"sender beside an address":            {"", "From: \"bank@good.example\" <mallory@evil.example>", bySender("mallory@evil.example"), isFound},
		"sender with a route":                 {"", "From: <@relay.example:mallory@evil.example>", bySender("mallory@evil.example"), isFound},
		"sender with an international domain": {"", "From: <mallory@bücher.example>", bySender("mallory@XN--bcher-kva.example"), isFound},
		"sender by an X.500 name":             {"", "EX", bySender("mallory@example.test"), isUndecided},
		"sender by such a name, encapsulated": {"", "From: Mal <IMCEAEX-_O=EXAMPLE_OU=x_cn=Recipients_cn=mallory@example.test>", bySender("mallory@example.test"), isUndecided},
		"sender by that, as it is":            {"", "From: Mal <IMCEAEX-_O=EXAMPLE_cn=mallory@example.test>", bySender("imceaex-_o=example_cn=mallory@example.test"), isFound},
		"recipient by such a name":            {"", "From: a@b.example\nCc: <IMCEAEX-_O=EXAMPLE_cn=bob@example.test>", by(quarantine.Criteria{Recipient: "bob@example.test"}), isUndecided},
		"subject in Chinese, cut by bytes":    {"", "Subject: =?gb18030?B?xA==?=\n =?gb18030?B?47rD?=", bySubject("你好"), isFound},
		"subject with a language":             {"", "Subject: =?utf-8*de?Q?=C3=9Cberweisung?=", bySubject("Überweisung"), isFound},
		"subject in Korean":                   {"", "Subject: =?ks_c_5601-1987?B?x9GxuQ==?=", bySubject("한국"), isFound},
		"subject with NUL and directions":     {"", "Subject: =?utf-8?Q?Your=00_=E2=80=AEinvoice=E2=80=AC?=", bySubject("Your invoice"), isFound},
		"subject with an astral letter":       {"", "Subject: =?utf-8?Q?Pay_=F0=9F=98=80?=", bySubject("Pay 😀"), isFound},
		"name in Chinese, cut by bytes":       {"", named("\n filename=\"=?gb18030?B?xA==?= =?gb18030?B?4y5leGU=?=\""), byName("你.exe"), isFound},
		"name with a language":                {"", named("\n filename=\"=?gb2312*zh-CN?B?xOMuZXhl?=\""), byName("你.exe"), isFound},
		"name in curly quotes":                {"", named(" filename=“lure.exe”"), byName("lure.exe"), isFound},
		"name asked for in curly quotes":      {"", named(" filename=lure.exe"), byName("“lure.exe”"), isFound},
		"name of RFC 2231 in UTF-16":          {"", named(" filename*=utf-16be''%00a%00.%00e%00x%00e"), byName("a.exe"), isFound},
		"link of FortiMail":                   {"", linked("https://mail.a.example/fmlurlsvc/?fewReq=x&amp;url=" + escaped), byURL(lure), isFound},
		"link of Outlook on the web":          {"", linked("https://mail.a.example/owa/redir.aspx?C=x&amp;URL=" + escaped), byURL(lure), isFound},
		"link of a search engine":             {"", linked("https://www.bing.com/ck/a?u=a1" + base64.RawURLEncoding.EncodeToString([]byte(lure))), byURL(lure), isFound},
		"link through two services":           {"", linked("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3D" + strings.ReplaceAll(escaped, "%", "%25")), byURL(lure), isFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline, FewFolders: true})
			t.Cleanup(srv.Close)
			id, header := tt.id, tt.header
			if id == "" {
				id = "<1@evil.example>"
			}
			delivery := ewstest.Delivery{Received: day}
			switch {
			case header == "EX":
				header = "Subject: x"
				for address, kind := range map[uint16]uint16{0x0C1F: 0x0C1E, 0x0065: 0x0064} { // PidTagSender…, PidTagSentRepresenting…
					delivery.Extended = append(delivery.Extended,
						ews.ExtendedProperty{Field: ews.ExtendedField{Tag: kind, Type: ews.TypeString}, Value: "EX"},
						ews.ExtendedProperty{Field: ews.ExtendedField{Tag: address, Type: ews.TypeString}, Value: "/o=Example/cn=Recipients/cn=mallory"})
				}
			case !strings.Contains(header, "From:"):
				header = "From: a@b.example\n" + header
			}
			if !strings.Contains(header, "\n\n") {
				header += "\n\nhello"
			}
			message := strings.ReplaceAll(fmt.Sprintf("Message-ID: %s\nTo: alice@example.test\nMIME-Version: 1.0\n%s\n", id, strings.ReplaceAll(header, "\n\n\n", "\n\n")), "\n", "\r\n")
			srv.Mailbox("alice@example.test").DeliverWith([]byte(message), delivery)
			client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc")})
			require.NoError(t, err)
			overEWS, err := ewsmail.NewImpersonation(client, nil)
			require.NoError(t, err)
			graph := graphtest.New(srv, nil)
			t.Cleanup(graph.Close)
			overGraph, err := graphmail.New(graph.As(graph.Direct(), "app"), &graphmail.Options{Root: graph.DirectURL(), ImportTransport: graph.Direct()})
			require.NoError(t, err)
			for api, strategy := range map[string]driver.Strategy{"EWS": overEWS, "Graph": overGraph} {
				s, err := quarantine.New(strategy, "quarantine@example.test", &quarantine.Options{CriteriaSearch: true})
				require.NoError(t, err)
				target := tt.asked
				target.Mailbox = "alice@example.test"
				r, err := s.Find(t.Context(), target)
				require.NoError(t, err)
				got := isNotFound
				switch {
				case len(r.Items) > 0:
					got = isFound
				case r.Err() != nil:
					got = isUndecided
				}
				assert.Equal(t, tt.want, got, "over %s: %v", api, r.Err())
			}
		})
	}
}
