//go:build browser

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

var (
	browserName = flag.String("browser", "chromium", "the browser to look with")
	shots       = flag.String("shots", "", "directory for pictures of the pages")
)

// A person looks at a campaign in a real browser with scripts switched off, and releases a
// message: the form, its cookie and the policy of the page allow it. Text meant to be a
// script stays text.
func TestBrowser(t *testing.T) {
	l, w := campaignPages(t, nil)
	b := startBrowser(t)
	b.open(w.url + "/")
	b.picture("list")
	assert.Contains(t, b.text("body"), hostile)
	b.click(`a[href="/campaigns/case-1"]`)
	assert.Contains(t, b.text("body"), "Mailboxes by outcome")
	assert.Contains(t, b.text("body"), hostile)
	assert.Equal(t, "rgb(31, 58, 95)", b.eval(`getComputedStyle(document.querySelector("header")).backgroundColor`), "the style sheet")
	assert.Equal(t, "0", b.eval(`String(document.scripts.length)`))
	b.picture("campaign")
	b.click(`ul.outcomes a[href="?outcome=quarantined"]`)
	b.click(`td a[href$="/release"]`)
	assert.Contains(t, b.text("main"), alice)
	b.picture("release")
	b.click("form button")
	l.done(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 1 })
	b.open(w.url + "/campaigns/case-1")
	assert.Contains(t, b.text("main"), "restored")
	assert.Equal(t, 1, l.copies(alice))
	b.picture("released")
}

// A person decides about a report in the same browser.
func TestBrowserReport(t *testing.T) {
	l, w, key := reportLab(t)
	b := startBrowser(t)
	b.open(w.url + "/")
	b.click(`a[href="/reports?state=waiting"]`)
	assert.Contains(t, b.text("main"), alice)
	b.picture("reports")
	b.click(`td a[href="/reports/` + key + `"]`)
	assert.Contains(t, b.text("main"), hostile)
	assert.Contains(t, b.text("main"), "https://evil.example/")
	assert.Equal(t, "0", b.eval(`String(document.scripts.length + document.querySelectorAll("main a:not([href^='/'])").length)`), "scripts, and links that lead elsewhere")
	b.picture("report")
	b.click(`a.button`)
	b.picture("decide")
	b.click(`button[value="quarantine"]`)
	l.done(t, "report-"+key, func(s fleet.CampaignStatus) bool { return s.Taken == 2 })
	b.open(w.url + "/reports/" + key)
	assert.Contains(t, b.text("main"), "quarantined")
	b.picture("decided")
}

// browser is a browser that is driven through a pipe, by
// https://chromedevtools.github.io/devtools-protocol/.
type browser struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	n       int
	session string
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath(*browserName)
	require.NoError(t, err, "install it (Debian: apt-get install -y chromium), or name another with -browser")
	theirs, to, err := os.Pipe()
	require.NoError(t, err)
	from, answers, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, answers} // descriptors 3 and 4
	require.NoError(t, cmd.Start())
	theirs.Close()
	answers.Close()
	b := &browser{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		_, _ = fmt.Fprint(to, `{"id":1000000,"method":"Browser.close"}`+"\x00")
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Wait()
		to.Close()
		from.Close()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	return b
}

// call sends a command, and returns its result; events in between are skipped.
func (b *browser) call(method string, params any) map[string]any {
	b.t.Helper()
	answer := b.ask(method, params)
	require.Nil(b.t, answer.Error, method)
	return answer.Result
}

// ask is call for a command that may fail.
func (b *browser) ask(method string, params any) message {
	b.t.Helper()
	b.n++
	message := map[string]any{"id": b.n, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	require.NoError(b.t, err)
	_, err = b.to.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		if answer := b.next(); answer.ID == b.n {
			return answer
		}
	}
}

// message is an answer or an event.
type message struct {
	ID     int            `json:"id"` // 0: an event
	Result map[string]any `json:"result"`
	Error  any            `json:"error"`
}

func (b *browser) next() (m message) {
	b.t.Helper()
	text, err := b.from.ReadBytes(0)
	require.NoError(b.t, err)
	require.NoError(b.t, json.Unmarshal(text[:len(text)-1], &m))
	return m
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url})
	b.await(`document.readyState + " " + location.href`, "complete "+url, "open "+url)
}

// await evaluates a script until it has a value. A page that goes away meanwhile gives an
// error, and is not the one that is waited for.
func (b *browser) await(script, want, what string) {
	b.t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		answer := b.ask("Runtime.evaluate", map[string]any{"expression": script})
		result, _ := answer.Result["result"].(map[string]any)
		if value, _ := result["value"].(string); answer.Error == nil && value == want {
			return
		}
	}
	require.FailNow(b.t, "no such page within 30 seconds", what)
}

// eval evaluates a script in the page; the page's own scripts stay switched off.
func (b *browser) eval(script string) string {
	b.t.Helper()
	result, _ := b.call("Runtime.evaluate", map[string]any{"expression": script})["result"].(map[string]any)
	value, _ := result["value"].(string)
	return value
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return b.eval(fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// click clicks as a mouse does, and waits for the next page.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.eval(`document.documentElement.id = "before"`)
	at := b.eval(fmt.Sprintf(`(e => { e.scrollIntoView(); const r = e.getBoundingClientRect(); return JSON.stringify({x: r.x + r.width/2, y: r.y + r.height/2}) })(document.querySelector(%q))`, selector))
	var point struct{ X, Y float64 }
	require.NoError(b.t, json.Unmarshal([]byte(at), &point), selector)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": point.X, "y": point.Y, "button": "left", "clickCount": 1})
	}
	b.await(`document.readyState + " " + document.documentElement.id`, "complete ", "a click on "+selector)
}

// picture saves a picture of the page, if pictures are wanted.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	data, _ := b.call("Page.captureScreenshot", nil)["data"].(string)
	image, err := base64.StdEncoding.DecodeString(data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(*shots, name+".png"), image, 0o600))
}
