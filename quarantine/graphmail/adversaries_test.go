package graphmail_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// claims is a challenge of Conditional Access.
const claims = `Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="`

func adversaries() []adversary {
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
	past := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
	busy := `{"error":{"code":"ApplicationThrottled","message":"busy"}}`
	missing := `{"error":{"code":"BadRequest","message":"Resource not found for the segment 'permanentDelete'."}}`
	both := []mode{faithfully, inPlace}
	all := []mode{faithfully, madeAnew, inPlaceToo}
	far302 := []string{"Location", "https://evil.example/steal?x=1"}
	list := []adversary{
		// Imports.
		{name: "import: an error inside 200", to: anImport, times: 1, do: instead(200, `{"error":{"code":"ErrorItemSave","message":"no"}}`)},
		{name: "import: an error inside 200, acted", to: anImport, times: 1, do: afterActing(200, `{"error":{"code":"ErrorItemSave","message":"no"}}`)},
		{name: "import: 200 with HTML, acted", to: anImport, times: 1, do: afterActing(200, "<html>Sign in</html>")},
		{name: "import: 200 with HTML", to: anImport, do: instead(200, "<html>Sign in</html>")},
		{name: "import: expired while it is sent, acted", to: anImport, times: 1, do: afterActing(401, `{"Message":"token expired"}`)},
		{name: "import: expired for good", to: anImport, do: instead(401, `{"Message":"token expired"}`)},
		{name: "import: session of another mailbox", to: anImport, times: 2, do: instead(409, `{"Message":"Invalid import session. The target session is expected in mailbox MBX:x@y"}`)},
		{name: "import: sent twice", to: anImport, times: 1, do: twice, doubles: true},
		{name: "import: names the original", to: anImport, times: 1, do: namesAnother},
		{name: "import: redirect", to: anImport, times: 1, do: instead(307, "", far302...)},
		{name: "import: redirect, acted", to: anImport, times: 1, do: afterActing(302, "", far302...)},
		{name: "import: busy for a day", to: anImport, do: instead(429, `{"Message":"busy"}`, "Retry-After", "86400")},
		{name: "import: 202, acted", to: anImport, times: 1, do: afterActing(202, `{}`)},
		{name: "import: of another item", to: "exportItems$", times: 1, do: anotherExport},
		{name: "import: half of the item", to: "exportItems$", do: altered(halfExport)},
		{name: "export: nothing, in 200", to: "exportItems$", do: instead(200, `{"value":[]}`)},
		{name: "import session: at another place", to: "createImportSession$", times: 2, do: instead(200, `{"importUrl":"http://evil.example/x?authtoken=secret","expirationDateTime":"2030-01-01T00:00:00Z"}`)},
		{name: "import session: has expired", to: "createImportSession$", times: 3, do: altered(func(text string) string {
			return regexp.MustCompile(`"expirationDateTime":"[^"]*"`).ReplaceAllString(text, `"expirationDateTime":"1999-01-01T00:00:00Z"`)
		})},

		// Removals.
		{name: "permanentDelete: 204 without acting", to: aDelete, do: instead(204, ""), modes: all},
		{name: "permanentDelete: 404 of the segment", to: aDelete, do: instead(404, missing), modes: all},
		{name: "permanentDelete: 404 of another kind", to: aDelete, do: instead(404, `{"error":{"code":"ResourceNotFound","message":"x"}}`), modes: all},
		{name: "permanentDelete: 404 without a body", to: aDelete, do: instead(404, ""), modes: all},
		{name: "permanentDelete: 404 of the item", to: aDelete, do: instead(404, `{"error":{"code":"ErrorItemNotFound"}}`), modes: all},
		{name: "permanentDelete: 405", to: aDelete, do: instead(405, `{"error":{"code":"Request_BadRequest"}}`), modes: all},
		{name: "permanentDelete: 501", to: aDelete, do: instead(501, `{"error":{"code":"NotImplemented"}}`), modes: all},
		{name: "permanentDelete: twice", to: aDelete, times: 1, do: twice, modes: all},
		{name: "permanentDelete: 202, acts an hour later", to: aDelete, times: 1, do: instead(202, ""), modes: all},

		// Writes.
		{name: "writes are sent twice", to: aWrite, times: 1, do: twice, modes: all, doubles: true},
		{name: "412 for a while", to: "PATCH ", times: 3, do: instead(412, `{"error":{"code":"ErrorIrresolvableConflict"}}`), modes: all},
		{name: "an error inside 200 of a PATCH", to: "PATCH ", times: 1, do: afterActing(200, `{"error":{"code":"ErrorItemSave"}}`), modes: all},
		{name: "the version before, after a PATCH", to: "PATCH ", times: 1, do: altered(func(text string) string {
			return regexp.MustCompile(`"changeKey":"[^"]*"`).ReplaceAllString(text, `"changeKey":"CQAAAA=="`)
		}), modes: all},

		// Sign-in and rights.
		{name: "401 with claims", to: anything, times: 1, do: instead(401, `{"error":{"code":"InvalidAuthenticationToken"}}`, "WWW-Authenticate", claims), modes: both},
		{name: "401 with claims, for good", to: anything, do: instead(401, `{"error":{"code":"InvalidAuthenticationToken"}}`, "WWW-Authenticate", claims), modes: both},
		{name: "token of another tenant", to: anything, times: 30, do: instead(401, `{"error":{"code":"InvalidAuthenticationToken","message":"The token is one of another tenant"}}`), modes: both},
		{name: "consent taken away", to: anything, do: instead(403, `{"error":{"code":"Authorization_RequestDenied"}}`), modes: both},
		{name: "mailbox not enabled", to: anything, times: 2, do: instead(404, `{"error":{"code":"MailboxNotEnabledForRESTAPI"}}`), modes: both},

		// Back-off.
		{name: "busy until 9999", to: anything, times: 1, do: instead(429, busy, "Retry-After", far), modes: both},
		{name: "busy until 1999", to: anything, times: 2, do: instead(429, busy, "Retry-After", past), modes: both},
		{name: "busy for nonsense", to: anything, times: 2, do: instead(429, busy, "Retry-After", "soon \x00"), modes: both},
		{name: "busy for good", to: anything, do: instead(429, busy), modes: both},
		{name: "503 until 9999, acted", to: aWrite, times: 1, do: afterActing(503, "", "Retry-After", far), modes: all},
		{name: "504 without a body, acted", to: aWrite, times: 1, do: afterActing(504, ""), modes: all},

		// Answers that are not answers.
		{name: "200 with HTML", to: anything, times: 1, do: instead(200, "<html>Sign in to the guest network</html>", "Content-Type", "text/html"), modes: both},
		{name: "200 with HTML, acted", to: aWrite, times: 1, do: afterActing(200, "<html></html>"), modes: all},
		{name: "200 without a body", to: anything, times: 3, do: instead(200, ""), modes: both},
		{name: "204 to a read", to: aGet, times: 3, do: instead(204, ""), modes: both},
		{name: "redirect elsewhere", to: anything, times: 1, do: instead(302, "", far302...), modes: both},
		{name: "redirect elsewhere, for good", to: anything, do: instead(308, "", far302...), modes: both},
		{name: "a body cut", to: anything, times: 1, do: altered(func(text string) string { return text[:len(text)/2] }), modes: both},
		{name: "a mark of byte order", to: anything, times: 2, do: altered(func(text string) string { return "\xEF\xBB\xBF" + text }), modes: both},
		{name: "UTF-16", to: anything, times: 1, do: altered(utf16), modes: both},
		{name: "bytes that are no UTF-8", to: anything, doubles: true, do: altered(func(text string) string { return strings.ReplaceAll(text, "Invoice", "Inv\xFFoice") }), modes: both},
		{name: "an answer twice in one", to: anything, times: 1, do: altered(func(text string) string { return text + text }), modes: both},
		{name: "an answer without an end", to: aGet, times: 1, do: endlessAnswer},

		// Lists.
		{name: "rows twice", to: anything, do: altered(rowsTwice), modes: both},
		{name: "links elsewhere", to: anything, times: 1, do: altered(func(text string) string {
			return strings.Replace(text, `"value":[`, `"@odata.nextLink":"https://evil.example/next","value":[`, 1)
		}), modes: both},
		{name: "links to itself", to: anything, do: altered(func(text string) string {
			return strings.ReplaceAll(text, `"value":[`, `"@odata.nextLink":"https://graph.example.test/v1.0/users/x/messages","value":[`)
		}), modes: both},
		{name: "parts of a batch in another order, and one twice", to: aBatch, do: altered(partsAbout), modes: both},
		{name: "a batch without its last part", to: aBatch, times: 2, do: altered(withoutLast), modes: both},

		// Stale reads.
		{name: "reads are those of the first time, for 20 requests", to: "GET .*/messages/[^/]*$", times: 20, do: stale, modes: both},

		// Ids.
		{name: "ids that outlive a move", to: anything, do: outliving, modes: both},
		{name: "ids that outlive a move, 20 times", to: anything, times: 20, do: outliving, modes: both},
	}
	for i := range list {
		if list[i].modes == nil {
			list[i].modes = []mode{faithfully}
		}
	}
	return list
}

// namesAnother answers an import with an id other than that of the copy.
func namesAnother(_ *request, pass func() *http.Response) *http.Response {
	resp := pass()
	if resp == nil {
		return nil
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(strings.NewReader(regexp.MustCompile(`"itemId":"[^"]*"`).ReplaceAllString(string(text), `"itemId":"AAMkAGI2T1="`)))
	return resp
}

// anotherExport answers with data that was not requested, under the right id.
func anotherExport(r *request, _ func() *http.Response) *http.Response {
	var asked struct {
		ItemIDs []string `json:"itemIds"`
	}
	_ = json.Unmarshal(r.body, &asked)
	id, _ := json.Marshal(asked.ItemIDs[0])
	return says(r, 200, `{"value":[{"itemId":`+string(id)+`,"changeKey":"CK","data":"AAAAAAAAAAAAAAAA"}]}`)
}

// halfExport cuts off the data of an export, but leaves its base64 intact.
func halfExport(text string) string {
	return regexp.MustCompile(`"data":"([^"]*)"`).ReplaceAllStringFunc(text, func(m string) string {
		data := strings.TrimSuffix(strings.TrimPrefix(m, `"data":"`), `"`)
		return `"data":"` + data[:len(data)/8*4] + `"`
	})
}

func utf16(text string) string {
	var b bytes.Buffer
	b.WriteString("\xFF\xFE")
	for _, c := range []byte(text) {
		b.Write([]byte{c, 0})
	}
	return b.String()
}

// endlessAnswer sends text for as long as it is read.
func endlessAnswer(r *request, _ func() *http.Response) *http.Response {
	resp := says(r, 200, "")
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":"`), repeat(strings.Repeat("x", 64<<10))))
	return resp
}

// rowsTwice lists the first row of each list twice.
func rowsTwice(text string) string {
	return regexp.MustCompile(`"value":\[(\{[^{}]*\})`).ReplaceAllString(text, `"value":[$1,$1`)
}

type parts struct {
	Responses []json.RawMessage `json:"responses"`
}

func partsAbout(text string) string {
	var got parts
	if json.Unmarshal([]byte(text), &got) != nil || len(got.Responses) == 0 {
		return text
	}
	for i, j := 0, len(got.Responses)-1; i < j; i, j = i+1, j-1 {
		got.Responses[i], got.Responses[j] = got.Responses[j], got.Responses[i]
	}
	out, _ := json.Marshal(got)
	return string(out)
}

func withoutLast(text string) string {
	var got parts
	if json.Unmarshal([]byte(text), &got) != nil || len(got.Responses) == 0 {
		return text
	}
	got.Responses = got.Responses[:len(got.Responses)-1]
	out, _ := json.Marshal(got)
	return string(out)
}

// stale repeats the first answer to a read.
func stale(r *request, pass func() *http.Response) *http.Response {
	key := r.URL.String()
	if text, ok := r.kept[key]; ok {
		return says(r, 200, text)
	}
	resp := pass()
	if resp == nil || resp.StatusCode != 200 {
		return resp
	}
	text, _ := io.ReadAll(resp.Body)
	r.kept[key] = string(text)
	return says(r, 200, string(text))
}

// outliving lets the server answer with ids that outlive a move, although the client did
// not ask for them.
func outliving(r *request, pass func() *http.Response) *http.Response {
	r.Header.Add("Prefer", `IdType="ImmutableId"`)
	return pass()
}
