package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

const hostile = `<script>alert(1)</script>"'&lt;`

// campaignPages returns a lab with a campaign that was taken, and a worker that serves its
// pages.
func campaignPages(t *testing.T, settings map[string]any) (*lab, *worker) {
	t.Helper()
	l := newLab(t, settings)
	l.deliver(alice, "Your invoice")
	w := l.work(t)
	campaigns, err := fleet.NewCampaigns(l.pool, nil)
	require.NoError(t, err)
	targets, err := readTargets(strings.NewReader(`{"mailbox":"` + alice + `","message_id":"` + phishing + `"}
		{"mailbox":"nobody@example.test","message_id":"` + phishing + `"}`))
	require.NoError(t, err)
	_, err = campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Reason: hostile, By: hostile, Targets: targets})
	require.NoError(t, err)
	l.done(t, "case-1", nil)
	return l, w
}

// The pages show what became of a campaign; anything that others wrote is text.
func TestPages(t *testing.T) {
	t.Parallel()
	_, w := campaignPages(t, nil)
	status, header, list := call(t, "GET", w.url+"/", "")
	require.Equal(t, http.StatusOK, status, list)
	assert.Contains(t, list, `<a href="/campaigns/case-1">case-1</a>`)
	assert.Equal(t, "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", header.Get("Content-Security-Policy"))
	assert.Equal(t, "no-store", header.Get("Cache-Control"))
	_, _, page := call(t, "GET", w.url+"/campaigns/case-1", "")
	require.Contains(t, page, "Mailboxes by outcome")
	for _, part := range []string{alice, "nobody@example.test", "quarantined: 1", "notBegun: 1", "with an error: 1", "nothing left to do"} {
		assert.Contains(t, page, part)
	}
	for _, p := range []string{list, page} {
		assert.NotContains(t, p, "<script")
		assert.Contains(t, p, "&lt;script&gt;")
		assert.NotContains(t, p, "ZgotmplZ")
	}
	for filter, parts := range map[string][2]string{
		"?outcome=quarantined": {alice, "nobody@"}, "?show=problems": {"nobody@", alice}, "?outcome=": {"There are none", alice},
		"?show=read": {"There are none", alice}, "?show=unsearched": {"There are none", alice},
	} {
		_, _, page := call(t, "GET", w.url+"/campaigns/case-1"+filter, "")
		assert.Contains(t, page, parts[0], filter)
		assert.NotContains(t, page, parts[1], filter)
	}
	link := regexp.MustCompile(`/campaigns/case-1/targets/[0-9a-f]{32}`).FindString(page)
	_, _, one := call(t, "GET", w.url+link, "")
	assert.Contains(t, one, "/Inbox")
	_, header, receipt := call(t, "GET", w.url+link+"/receipt.json", "")
	assert.Contains(t, header.Get("Content-Disposition"), "attachment")
	var kept fleet.TargetStatus
	require.NoError(t, json.Unmarshal([]byte(receipt), &kept))
	require.NotNil(t, kept.Receipt)
	assert.NoError(t, kept.Receipt.Err())
	_, _, all := call(t, "GET", w.url+"/campaigns/case-1/receipts.jsonl", "")
	assert.Len(t, strings.Split(strings.TrimSpace(all), "\n"), 2)
	status, _, text := call(t, "GET", w.url+"/campaigns/none", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, text, "no such campaign")
	status, header, _ = call(t, "GET", w.url+"/style.css", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, header.Get("Content-Type"), "text/css")
}

// A release is requested in a form, and confirmed; forms of other websites release nothing.
func TestReleasePages(t *testing.T) {
	t.Parallel()
	l, w := campaignPages(t, nil)
	_, _, page := call(t, "GET", w.url+"/campaigns/case-1?outcome=quarantined", "")
	link := regexp.MustCompile(`/campaigns/case-1/targets/[0-9a-f]{32}/release`).FindString(page)
	require.NotEmpty(t, link)
	status, header, form := call(t, "GET", w.url+link, "")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, form, alice)
	token := regexp.MustCompile(`name="token" value="([A-Z0-9]+)"`).FindStringSubmatch(form)[1]
	cookie := strings.Split(header.Get("Set-Cookie"), ";")[0]
	assert.Contains(t, header.Get("Set-Cookie"), "SameSite=Strict")
	assert.Contains(t, header.Get("Set-Cookie"), "HttpOnly")
	const formType = "application/x-www-form-urlencoded"
	send := func(token string, header ...string) int {
		status, _, _ := call(t, "POST", w.url+link, url.Values{"token": {token}}.Encode(), append(header, "Content-Type", formType)...)
		return status
	}
	assert.Equal(t, http.StatusForbidden, send(token), "without the cookie")
	assert.Equal(t, http.StatusForbidden, send("", "Cookie", cookie))
	assert.Equal(t, http.StatusForbidden, send("another", "Cookie", cookie))
	assert.Equal(t, http.StatusForbidden, send(token, "Cookie", cookie, "Origin", "https://evil.example"))
	assert.Equal(t, http.StatusForbidden, send(token, "Cookie", cookie, "Sec-Fetch-Site", "cross-site"))
	status, _, _ = call(t, "GET", w.url+link+"?token="+token, "", "Cookie", cookie)
	assert.Equal(t, http.StatusOK, status, "the form again")
	assert.Zero(t, l.copies(alice))
	assert.Equal(t, http.StatusSeeOther, send(token, "Cookie", cookie, "Origin", w.url, "Sec-Fetch-Site", "same-origin"))
	l.done(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 1 })
	assert.Equal(t, 1, l.copies(alice))
	_, _, page = call(t, "GET", w.url+"/campaigns/case-1", "")
	assert.Contains(t, page, "restored")
}

// Behind a proxy, the pages are for the user that it names, and nobody else may name one.
func TestUsers(t *testing.T) {
	t.Parallel()
	_, w := campaignPages(t, map[string]any{"userHeader": "X-Forwarded-User"})
	status, _, text := call(t, "GET", w.url+"/", "")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, text, "X-Forwarded-User")
	status, _, text = call(t, "GET", w.url+"/", "", "X-Forwarded-User", "<b>anna", "X-Forwarded-For", "192.0.2.1", "Host", "mail.example.test")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "&lt;b&gt;anna")
	status, _, _ = call(t, "GET", w.url+"/", "", "X-Forwarded-User", "anna", "X-Forwarded-User", "bert")
	assert.Equal(t, http.StatusForbidden, status)

	s, err := parseSettings([]byte(`{"databaseUrl":"postgres:///x","exchange":{},"userHeader":"X-User","proxies":["192.0.2.7"]}`), func(string) (string, bool) { return "", false })
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	require.NoError(t, err)
	r.Header.Set("X-User", "anna")
	for from, want := range map[string]string{"192.0.2.7:1": "anna", "192.0.2.8:1": "", "127.0.0.1:1": "", "junk": ""} {
		r.RemoteAddr = from
		user, refused := s.userOf(r)
		assert.Equal(t, want, user)
		assert.Equal(t, want == "", refused != nil, from)
	}
	// On this machine only: neither through a proxy nor under another name.
	s.UserHeader = ""
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost:8090"
	_, refused := s.userOf(r)
	assert.Nil(t, refused)
	r.RemoteAddr = "192.0.2.7:1"
	_, refused = s.userOf(r)
	assert.NotNil(t, refused)
}

// If not all receipts can be read, nobody takes some for all of them: the download fails.
func TestReceiptsCutShort(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	w := l.work(t)
	_, err := l.pool.Exec(t.Context(), `INSERT INTO fleet_campaigns (id, state, parts, reason, asked_by) VALUES ('case-1', 'cancelled', 1, '', '')`)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `INSERT INTO fleet_targets (campaign, target, part, mailbox, request, finished)
		SELECT 'case-1', n, 0, to_char(n, '000'), json_build_object('mailbox', to_char(n, '000')), CASE n WHEN 250 THEN timestamptz 'infinity' END FROM generate_series(1, 250) AS n`)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/campaigns/case-1/receipts.jsonl", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.Error(t, err, "%s", text)
	assert.Contains(t, w.log.String(), "receipts cut short")
}
