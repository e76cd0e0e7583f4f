package quarantine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"slices"
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
)

// keepsBytes stands in front of a server that generates MIME again each time, and
// returns exactly the bytes that were delivered.
type keepsBytes struct {
	next      http.RoundTripper
	delivered map[string][]byte // by Message-ID
}

var (
	mimeContent = regexp.MustCompile(`(<t:MimeContent[^>]*>)([^<]*)(</t:MimeContent>)`)
	messageID   = regexp.MustCompile(`(?i)Message-ID: <([^>]*)>`)
)

func (k keepsBytes) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := k.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	body = mimeContent.ReplaceAllFunc(body, func(element []byte) []byte {
		m := mimeContent.FindSubmatch(element)
		anew, _ := base64.StdEncoding.DecodeString(string(m[2]))
		id := messageID.FindSubmatch(anew)
		if id == nil || k.delivered[string(id[1])] == nil {
			return element
		}
		kept := base64.StdEncoding.EncodeToString(k.delivered[string(id[1])])
		return []byte(string(m[1]) + kept + string(m[3]))
	})
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", "")
	resp.Header.Del("Content-Length")
	return resp, nil
}

// Messages that are awkward in the ways of TestCases… in internal/mimescan are found by
// criteria, or are undecided, whether a server generates their MIME again or keeps it.
func TestCasesSearch(t *testing.T) {
	t.Parallel()
	const lure, name, payload = "https://lure.example/open?id=7", "lure ä.exe", "MZ lure"
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	page := func(link string) string {
		return "<a href=\"" + strings.Replace(link, ":", "&#58;", 1) + "\">x</a>"
	}
	mixed := func(part string) (header, body string) {
		return "Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain\n\nhello\n--b\n" + part + "\n--b--\n"
	}
	type kind func(link, name, payload string) (header, body string)
	found := map[string]kind{ // by link
		"04 mark": func(l, _, _ string) (string, string) {
			return "Content-Type: text/html\nContent-Transfer-Encoding: base64", b64(page(l))
		},
		"05 banner": func(l, _, _ string) (string, string) {
			return mixed("Content-Type: text/html\n[EXTERNAL]\nContent-Transfer-Encoding: base64\n\n" + b64(page(l)))
		},
		"07 base64;": func(l, _, _ string) (string, string) {
			return mixed("Content-Type: text/html\nContent-Transfer-Encoding: base64;\n\n" + b64(page(l)))
		},
		"08 empty line": func(l, _, _ string) (string, string) {
			return mixed("Content-Type: message/rfc822\n\n\nSubject: i\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(page(l)))
		},
		"12 UTF-16 as UTF-8": func(l, _, _ string) (string, string) {
			return "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64", b64("\xff\xfe" + strings.Join(strings.Split(page(l), ""), "\x00") + "\x00")
		},
		"13 no slashes": func(l, _, _ string) (string, string) {
			return "Content-Type: text/html", strings.Replace("<a href='"+l+"'>x", "//", "", 1)
		},
		"14 base behind": func(l, _, _ string) (string, string) {
			return "Content-Type: text/html", "<a href='/open?id=7'>x</a><base href='" + l[:len("https://lure.example")] + "'>"
		},
		"17b data page": func(l, _, _ string) (string, string) {
			return "Content-Type: text/html", "<iframe src='data:text/html;base64," + b64(page(l)) + "'>"
		},
		"20e .eml as a file": func(l, _, _ string) (string, string) {
			return mixed("Content-Disposition: attachment; filename=x.eml\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64("Content-Type: text/html\r\n\r\n"+page(l)))
		},
		"23 comma": func(l, _, _ string) (string, string) {
			return "Content-Type: text/plain", "https://good.example/x," + l
		},
		"28 glued": func(l, _, _ string) (string, string) {
			return "Bcc: Cc: Content-Type: multipart/mixed;\n boundary=b", "--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(page(l)) + "\n--b--\n"
		},
		"32b long boundary": func(l, _, _ string) (string, string) {
			b := strings.Repeat("b", 1500)
			return "Content-Type: multipart/mixed;\n boundary=\"" + b + "\"", "--" + b + "\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(page(l)) + "\n--" + b + "--\n"
		},
	}
	named := map[string]kind{ // by name and by digest
		"01 RFC 2231": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; filename*=iso-8859-1''lure%20%E4.exe\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64(p))
		},
		"01 decomposed": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; filename*=utf-8''lure%20a%CC%88.exe\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64(p))
		},
		"03 defect": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; size; filename*0*=utf-8''lure%20; filename*1*=%C3%A4.exe\nContent-Type: a/b\nContent-Transfer-Encoding: base64 (x)\n\n" + b64(p))
		},
		"20e within": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; filename=x.eml\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64("Content-Type: a/b; name=\"=?utf-8?q?lure_=C3=A4.exe?=\"\r\n\r\n"+p))
		},
		"27 folder": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; filename*=utf-8''C%3A%5Ctemp%5Clure%20%C3%A4.exe\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64(p))
		},
		"27b dot at end": func(_, _, p string) (string, string) {
			return mixed("Content-Disposition: attachment; filename*=utf-8''lure%20%C3%A4.exe.\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b64(p))
		},
		"22 uuencode": func(_, n, _ string) (string, string) {
			return "Content-Type: text/plain; charset=utf-8", "hi\n\nbegin 644 " + n + "\n'35H@;'5R90``\n`\nend\n"
		},
	}
	sealed := map[string]kind{
		"18 TNEF": func(_, _, _ string) (string, string) {
			return mixed("Content-Type: application/ms-tnef; name=winmail.dat\n\nx")
		},
		"24 PGP": func(_, _, _ string) (string, string) {
			return "Content-Type: text/plain", "-----BEGIN PGP MESSAGE-----\n\nhQE="
		},
	}
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	delivered := make(map[string][]byte)
	deliver := func(all map[string]kind, suffix, link, name, payload string) (ids []string) {
		for id, make := range all {
			header, body := make(link, name, payload)
			ids = append(ids, id+suffix)
			m := mail(id+suffix, "From: a@b.example\nSubject: x\n"+header, body)
			if id == "04 mark" {
				m = append([]byte("\ufeff"), m...)
			}
			delivered[id+suffix] = m
			srv.Mailbox(alice).DeliverWith(m, ewstest.Delivery{Received: criteriaDay})
		}
		return ids
	}
	links, files, closed := deliver(found, "", lure, name, payload), deliver(named, "", lure, name, payload), deliver(sealed, "", lure, name, payload)
	deliver(found, " neighbour", "https://fine.example/open?id=8", name, payload)
	digest := sha256.Sum256([]byte(payload))
	header, body := "Content-Type: text/plain", "https://protect-eu.mimecast.com/s/abc?domain=lure.example"
	srv.Mailbox(alice).DeliverWith(mail("token", "From: a@b.example\nSubject: x\n"+header, body), ewstest.Delivery{Received: criteriaDay})
	for kind, transport := range map[string]http.RoundTripper{
		"written anew": srv.As(srv.Direct(), "svc"),
		"kept":         keepsBytes{srv.As(srv.Direct(), "svc"), delivered},
	} {
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: transport})
		require.NoError(t, err)
		var strategy driver.Strategy
		strategy, err = ewsmail.NewFullAccess(client, nil)
		require.NoError(t, err)
		for by, tt := range map[string]struct {
			c    quarantine.Criteria
			want []string
			half int // messages with a link that shows only the domain
		}{
			"link":          {quarantine.Criteria{URL: "hxxps://lure[.]example/open?id=7"}, links, 1},
			"name":          {quarantine.Criteria{AttachmentName: "LURE Ä.exe"}, files, 0},
			"name and hash": {quarantine.Criteria{AttachmentName: "lure a\u0308.exe", AttachmentSHA256: hex.EncodeToString(digest[:])}, files, 0},
		} {
			tt.c.ReceivedAfter, tt.c.ReceivedBefore = criteriaDay, criteriaDay.Add(time.Second)
			got, undecided, err := findBy(t, strategy, tt.c, quarantine.Limits{})
			require.NoError(t, err)
			assert.ElementsMatch(t, tt.want, got, "%s, %s", kind, by)
			slices.Sort(got)
			for _, id := range got {
				t.Logf("%-20s found by %s, MIME %s", id, by, kind)
			}
			t.Logf("%-20s undecided by %s, MIME %s", strings.Join(closed, " and "), by, kind)
			assert.Len(t, undecided, len(closed)+tt.half, "%s, %s: %q", kind, by, undecided)
			half := 0
			for _, reason := range undecided {
				if strings.Contains(reason, "shows the domain only") {
					half++
				} else {
					assert.Contains(t, reason, "encrypted or wrapped")
				}
			}
			assert.Equal(t, tt.half, half)
		}
	}
}
