package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

const abuse = "abuse@example.test"

// reportLab returns a lab with a program that watches a mailbox. A report of the message
// that alice and bob have received waits for a decision.
func reportLab(t *testing.T) (l *lab, w *worker, key string) {
	t.Helper()
	l = newLab(t, map[string]any{"reports": []any{map[string]any{"mailbox": abuse, "interval": "100ms"}}})
	l.AddMailbox(abuse, nil)
	l.deliver(alice, "Your invoice")
	l.deliver(bob, "Your invoice")
	w = l.work(t)
	l.report(alice, bob)
	key = l.reported(t, 1)[0].Key
	return l, w, key
}

// report delivers a report of the message, as it was sent to somebody else, too.
func (l *lab) report(from, other string) {
	l.Mailbox(abuse).Deliver(fmt.Appendf(nil, "From: <%s>\r\nTo: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"+
		"Content-Type: message/rfc822\r\n\r\nFrom: \"<b>Mallory\" <mallory@evil.example>\r\nTo: %s\r\nMessage-ID: %s\r\nSubject: %s\r\n"+
		"Content-Type: text/html\r\n\r\n<a href=\"javascript:alert(1)\">x</a> <a href=\"https://evil.example/\">Click here</a>\r\n--b--\r\n",
		from, abuse, hostile, other, phishing, hostile))
}

// reported waits until n reports wait.
func (l *lab) reported(t *testing.T, n int) (all []fleet.KeptReport) {
	t.Helper()
	campaigns, err := fleet.NewCampaigns(l.pool, nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, err = fleet.NewReports(campaigns).List(t.Context(), fleet.ReportWaiting, nil, 10)
		return err == nil && len(all) == n
	}, time.Minute, 20*time.Millisecond)
	return all
}

// A person sees what was reported, as text whatever it is, and what would be taken, and
// decides with a form on these pages.
func TestReportPages(t *testing.T) {
	t.Parallel()
	l, w, key := reportLab(t)
	_, _, list := call(t, "GET", w.url+"/reports?state=waiting", "")
	assert.Contains(t, list, `<a href="/reports/`+key+`">`)
	assert.Contains(t, list, abuse+"</bdi> is watched")
	_, _, page := call(t, "GET", w.url+"/reports/"+key, "")
	for _, part := range []string{alice, bob, phishing[1 : len(phishing)-1], "high confidence", "https://evil.example/", "waiting"} {
		assert.Contains(t, page, part)
	}
	for _, p := range []string{list, page} {
		assert.NotContains(t, p, "<script")
		assert.NotContains(t, p, "<b>")
		assert.NotContains(t, p, `href="https://evil`)
		assert.NotContains(t, p, `href="javascript`)
		assert.NotContains(t, p, "ZgotmplZ")
		assert.Contains(t, p, "&lt;script&gt;")
	}
	status, header, form := call(t, "GET", w.url+"/reports/"+key+"/decide", "")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, form, alice)
	assert.Contains(t, form, bob)
	token := regexp.MustCompile(`name="token" value="([A-Z0-9]+)"`).FindStringSubmatch(form)[1]
	cookie := strings.Split(header.Get("Set-Cookie"), ";")[0]
	send := func(decision, token string) (int, http.Header) {
		status, header, _ := call(t, "POST", w.url+"/reports/"+key+"/decide", url.Values{"token": {token}, "decision": {decision}, "reason": {"phishing"}}.Encode(),
			"Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
		return status, header
	}
	status, _ = send("quarantine", "another")
	assert.Equal(t, http.StatusForbidden, status)
	status, _ = send("burn", token)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, 2, l.copies(alice)+l.copies(bob), "nothing is taken before somebody decides")
	status, header = send("quarantine", token)
	require.Equal(t, http.StatusSeeOther, status)
	campaign := strings.TrimPrefix(header.Get("Location"), "/campaigns/")
	s := l.done(t, campaign, nil)
	assert.Equal(t, [2]int{2, 2}, [2]int{s.Targets, s.Taken})
	assert.Zero(t, l.copies(alice)+l.copies(bob))
	status, _ = send("dismiss", token)
	assert.Equal(t, http.StatusConflict, status)
	_, _, page = call(t, "GET", w.url+"/reports/"+key, "")
	assert.Contains(t, page, `<a href="/campaigns/`+campaign+`">quarantined</a>`)
	for path, want := range map[string]int{"/reports/none": 404, "/reports?state=burnt": 400, "/reports?after=none": 404, "/reports?state=quarantined&after=" + key: 200} {
		status, _, _ := call(t, "GET", w.url+path, "")
		assert.Equal(t, want, status, path)
	}
}

// A program does the same with JSON.
func TestReportsByProgram(t *testing.T) {
	t.Parallel()
	l, w, key := reportLab(t)
	const jsonType = "application/json"
	status, _, text := call(t, "GET", w.url+"/reported?state=waiting", "")
	require.Equal(t, http.StatusOK, status)
	var list struct {
		Reports []fleet.KeptReport
		Watches []fleet.WatchStatus
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.Reports, 1)
	assert.Equal(t, []fleet.WatchStatus{{Mailbox: abuse, Watched: true}}, list.Watches)
	_, _, text = call(t, "GET", w.url+"/reported/"+key, "")
	var one fleet.KeptReport
	require.NoError(t, json.Unmarshal([]byte(text), &one))
	require.NotNil(t, one.Meant)
	assert.Equal(t, hostile, one.Meant.Messages[0].Subject)
	for _, c := range []struct {
		path, body, content string
		want                int
	}{
		{key + "/dismiss", "{}", "text/plain", http.StatusUnsupportedMediaType},
		{key + "/dismiss", `{"why":"x"}`, jsonType, http.StatusBadRequest},
		{"none/dismiss", "{}", jsonType, http.StatusNotFound},
		{key + "/dismiss", `{"by":"anna","reason":"a joke"}`, jsonType, http.StatusOK},
		{key + "/quarantine", `{"by":"anna"}`, jsonType, http.StatusOK}, // she changes her mind
		{key + "/quarantine", `{}`, jsonType, http.StatusOK},
		{key + "/dismiss", `{}`, jsonType, http.StatusConflict},
	} {
		status, _, text := call(t, "POST", w.url+"/reported/"+c.path, c.body, "Content-Type", c.content)
		assert.Equal(t, c.want, status, "%+v: %s", c, text)
	}
	l.done(t, "report-"+key, func(s fleet.CampaignStatus) bool { return s.Taken == 2 && s.By == "anna" })
	_, _, metrics := call(t, "GET", w.url+"/metrics", "")
	assert.Contains(t, metrics, `quarantined_reports{state="quarantined"} 1`)
	assert.Zero(t, w.stop())
	assert.Contains(t, w.log.String(), `"msg":"decision"`)
	for _, never := range []string{"<script", alice + `","subject`, dbSecret, password} {
		assert.NotContains(t, w.log.String(), never)
	}
}
