package quarantine_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

var (
	phishingSeed = flag.Uint64("phishing.seed", 1, "seed of TestPhishingRandom")
	phishingMost = flag.Int("phishing.messages", 0, "how many messages TestPhishingRandom makes; 0: 200 with -whole, else 5")
)

// TestPhishingRandom: whatever senders put together, a message is found by each
// detail that an alert gives, or is reported as undecided, whether a server generates
// MIME again or keeps it.
func TestPhishingRandom(t *testing.T) {
	t.Parallel()
	n := *phishingMost
	switch {
	case n > 0:
	case *whole:
		n = 200
	default:
		n = 5
	}
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	delivered := make(map[string][]byte)
	var lures []randomLure
	for i := range n {
		l := newRandomLure(*phishingSeed, i)
		lures = append(lures, l)
		delivered[l.id] = l.eml
		d := ewstest.Delivery{Received: criteriaDay.Add(time.Duration(i) * time.Minute)}
		if l.unkept {
			d.Extended = unkept
		}
		srv.Mailbox(alice).DeliverWith(l.eml, d)
	}
	for kind, transport := range map[string]http.RoundTripper{
		"written anew": srv.As(srv.Direct(), "svc"),
		"kept":         keepsBytes{srv.As(srv.Direct(), "svc"), delivered},
	} {
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: transport})
		require.NoError(t, err)
		strategy, err := ewsmail.NewFullAccess(client, nil)
		require.NoError(t, err)
		s, err := quarantine.New(strategy, vault, &quarantine.Options{CriteriaSearch: true})
		require.NoError(t, err)
		found, asked := 0, 0
		for i, l := range lures {
			at := criteriaDay.Add(time.Duration(i) * time.Minute)
			for by, target := range l.targets() {
				target.Mailbox = alice
				if target.MessageID == "" {
					target.Criteria.ReceivedAfter, target.Criteria.ReceivedBefore = at, at.Add(time.Second)
				}
				r, err := s.Find(t.Context(), target)
				require.NoError(t, err)
				asked++
				switch {
				case by == "another link":
					asked--
					assert.Empty(t, r.Items, "%s: message %d of seed %d has it not:\n%s", kind, i, *phishingSeed, l.eml)
				case len(r.Items) == 1:
					found++
				case r.Err() == nil:
					t.Errorf("%s: message %d of seed %d is missed by its %s (%s%s), without a word:\n%s", kind, i, *phishingSeed, by, target.MessageID, target.Criteria, l.eml)
				}
			}
		}
		t.Logf("%s: %d of %d found, the others undecided", kind, found, asked)
		assert.GreaterOrEqual(t, found*10, asked*9)
	}
}

// randomLure is a phishing message put together at random, and what an alert says
// about it.
type randomLure struct {
	id, sender, recipient, subject, link, file, sum string
	match                                           quarantine.SubjectMatch
	unkept                                          bool // the server has no header for it
	eml                                             []byte
}

func (l randomLure) targets() map[string]quarantine.Target {
	by := func(c quarantine.Criteria) quarantine.Target { return quarantine.Target{Criteria: c} }
	return map[string]quarantine.Target{
		"Message-ID":      {MessageID: l.id},
		"sender":          by(quarantine.Criteria{Sender: l.sender}),
		"recipient":       by(quarantine.Criteria{Recipient: l.recipient}),
		"subject":         by(quarantine.Criteria{Subject: l.subject, SubjectMatch: l.match}),
		"link":            by(quarantine.Criteria{URL: l.link}),
		"attachment":      by(quarantine.Criteria{AttachmentName: l.file}),
		"digest":          by(quarantine.Criteria{AttachmentSHA256: l.sum}),
		"all of them":     by(quarantine.Criteria{Sender: l.sender, Subject: l.subject, SubjectMatch: l.match, URL: l.link, AttachmentName: l.file}),
		"another link":    by(quarantine.Criteria{URL: "https://fine.example/x"}),
		"domain of links": by(quarantine.Criteria{URL: "https://" + strings.Split(l.link, "/")[2]}),
	}
}

func newRandomLure(seed uint64, i int) randomLure {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	l := randomLure{
		id: fmt.Sprintf("r%d.%d@lure.example", seed, i), sender: fmt.Sprintf("m%d@evil.example", i), recipient: fmt.Sprintf("a%d@example.test", i),
		link: fmt.Sprintf("https://l%d.evil.example/log-in/a?id=%d", i, i), file: fmt.Sprintf("bill ä %d.iso", i), unkept: r.IntN(3) == 0,
	}
	header := pick(r, []string{"<%s>", "< %s >", "<%s", "%s", "\n <%s>", "<%s> (added)"})
	header = "Message-ID: " + fmt.Sprintf(header, l.id) + "\n"
	if sender := fmt.Sprintf(people[r.IntN(len(people))].field, l.sender); r.IntN(4) == 0 {
		header += "From: Shop <shop@b.example>\nSender: " + sender + "\n"
	} else {
		header += "From: " + sender + "\n"
	}
	header += pick(r, []string{"To: ", "Cc: "}) + fmt.Sprintf(people[r.IntN(len(people))].field, l.recipient) + "\n"
	s := subjects[r.IntN(len(subjects))]
	l.subject = fmt.Sprintf(s.asked, i)
	subject := fmt.Sprintf(s.header, i)
	switch r.IntN(4) {
	case 0:
		l.match, subject = quarantine.SubjectContains, "Re: "+strings.Repeat(" ", 220+r.IntN(60))+subject
	case 1:
		subject = pick(r, []string{" ", "\t", "=?utf-8?Q?=20=20?= "}) + subject
	}
	header += "Subject: " + subject + "\nMIME-Version: 1.0\n"
	payload := fmt.Sprintf("MZ\x00%d", i)
	sum := sha256.Sum256([]byte(payload))
	l.sum = hex.EncodeToString(sum[:])
	parts := []string{randomText(r, l.link), randomFile(r, i, payload)}
	if r.IntN(2) == 0 {
		parts = append([]string{"Content-Type: text/plain\n\nhello\n"}, parts...)
	}
	if r.IntN(4) == 0 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	body := randomMixed(r, 0, parts...)
	for depth := range r.IntN(4) {
		switch r.IntN(3) {
		case 0:
			body = randomMixed(r, depth+1, body)
		case 1:
			body = randomMixed(r, depth+1, "Content-Type: message/rfc822\n\n"+pick(r, []string{"", "\n", "\ufeff", ">From x\n"})+"Subject: inner\nMIME-Version: 1.0\n"+body)
		default:
			body = randomMixed(r, depth+1, "Content-Type: text/plain\n\nhello\n", body)
		}
	}
	l.eml = []byte(strings.ReplaceAll(header+body, "\n", "\r\n"))
	return l
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// randomMixed makes a multipart body and its header fields.
func randomMixed(r *rand.Rand, depth int, parts ...string) string {
	boundary := fmt.Sprintf("b%d", depth)
	if r.IntN(5) == 0 {
		boundary += strings.Repeat("x", 1200)
	}
	var all strings.Builder
	all.WriteString("Content-Type: multipart/" + pick(r, []string{"mixed", "Mixed", "related", "x", "digest"}) + ";" + pick(r, []string{" ", "\n ", " x; "}) +
		"boundary=" + pick(r, []string{boundary, `"` + boundary + `"`}) + "\n\n" + pick(r, []string{"", "This is a message in MIME format.\n"}))
	for _, p := range parts {
		all.WriteString("--" + boundary + pick(r, []string{"", "  "}) + "\n" + p + "\n")
	}
	return all.String() + pick(r, []string{"--" + boundary + "--\n", ""})
}

// randomText makes a part with a link, which is spelt in some way, put into a
// text, and encoded.
func randomText(r *rand.Rand, link string) string {
	rest := strings.TrimPrefix(link, "https://")
	host, path, _ := strings.Cut(rest, "/")
	spelt := pick(r, []string{
		link, "http://" + rest, "HTTPS://" + strings.ToUpper(host) + "/" + path, "https:" + rest, `https:\\` + rest, "https://u:p@" + rest, "https://" + host + ":443/" + path,
		"https://" + host + "/x/../" + path, "https://" + host + "./" + path, "https://" + host + "/" + strings.Replace(path, "log-in", "%6cog-in", 1),
		"https://eur02.safelinks.protection.outlook.com/?url=" + url.QueryEscape(link) + "&data=1", "https://linkprotect.cudasvc.com/url?a=" + url.QueryEscape(link),
		"https://" + host + "/" + path + "#x",
	})
	kind, text := "text/html", ""
	switch r.IntN(12) {
	case 0:
		kind, text = "text/plain", "Sign in at "+spelt+" .\n"
	case 1:
		kind, text = "text/plain", "Sign in: <"+spelt+">,https://good.example/x\n"
	case 2:
		text = "<a href='/" + path + "'>x</a><base href='https://" + host + "/'>"
	case 3:
		text = "<!--[if mso]><a href=\"" + spelt + "\">x</a><![endif]-->"
	case 4:
		text = "<iframe src='data:text/html;base64," + base64.StdEncoding.EncodeToString([]byte("<a href='"+spelt+"'>")) + "'></iframe>"
	case 5:
		text = "<style>a{background:url('" + strings.ReplaceAll(spelt, `\`, `/`) + "')}</style>"
	case 6:
		text = "<meta http-equiv=refresh content='0; url=" + spelt + "'>"
	case 7:
		kind, text = "text/calendar", "BEGIN:VCALENDAR\nURL:"+spelt[:10]+"\n "+spelt[10:]+"\nEND:VCALENDAR\n"
	case 8:
		kind, text = "application/octet-stream; name=x.url", "[InternetShortcut]\nURL="+spelt+"\n"
	case 9:
		kind, text = "text/plain", "see "+rest+" now\n"
	case 10:
		text = "<a href=\"" + spelt[:5] + "\n" + spelt[5:] + "\">x</a>"
	default:
		text = "<p><a title='x>y' href=\"" + strings.Replace(spelt, ":", "&#58;", 1) + "\">x</a>"
	}
	if r.IntN(6) == 0 && strings.HasPrefix(kind, "text/") {
		return "Content-Type: " + kind + "; charset=" + pick(r, []string{"utf-16", "utf-8"}) + "\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("\xff\xfe"+strings.Join(strings.Split(text, ""), "\x00")+"\x00")) + "\n"
	}
	return "Content-Type: " + kind + pick(r, []string{"", "; charset=utf-8", "; charset=\"iso-8859-1\""}) + "\n" + randomlyEncoded(r, text)
}

// randomFile makes a part with the file "bill ä N.iso".
func randomFile(r *rand.Rand, i int, payload string) string {
	name := fmt.Sprintf(pick(r, []string{
		"filename*=utf-8''bill%%20%%C3%%A4%%20%d.iso", "filename*=iso-8859-1''bill%%20%%E4%%20%d.iso", "filename*0*=utf-8''bill%%20; filename*1*=%%C3%%A4%%20%d.iso",
		"filename=\"=?utf-8?Q?bill_=C3=A4_%d.iso?=\"", "filename=\"bill ä %d.iso\"", "filename*=utf-8''bill%%20a%%CC%%88%%20%d.iso.", "filename=\"c:\\temp\\BILL Ä %d.iso\"",
		"size; filename*=utf-8''bill%%20%%C3%%A4%%20%d.iso",
	}), i)
	return "Content-Type: application/octet-stream\nContent-Disposition: attachment; " + name + "\n" + pick(r, []string{"", "[EXTERNAL]\n"}) +
		"Content-Transfer-Encoding: " + pick(r, []string{"base64", "BASE64", "base64;", "\"base64\"", "base64 (x)"}) + "\n\n" + base64.StdEncoding.EncodeToString([]byte(payload)) + "\n"
}

// randomlyEncoded encodes a text, and declares that in a header field.
func randomlyEncoded(r *rand.Rand, text string) string {
	const field = "Content-Transfer-Encoding: "
	switch r.IntN(4) {
	case 0:
		return field + pick(r, []string{"base64", "Base64;", "base64 (x)"}) + "\n\n" + base64.StdEncoding.EncodeToString([]byte(text)) + "\n"
	case 1:
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return field + pick(r, []string{"quoted-printable", "quoted-printable\""}) + "\n\n" + strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n"
	case 2:
		return field + pick(r, []string{"7bit", "8bit", "x-none"}) + "\n\n" + text + "\n"
	}
	return "\n" + text + "\n"
}
