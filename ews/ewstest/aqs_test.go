package ewstest_test

import (
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func queryXML(query string) string {
	query = html.EscapeString(query)
	return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds>` + folderOf("inbox", alice) + `</m:ParentFolderIds><m:QueryString>` + query + `</m:QueryString></m:FindItem>`
}

func TestQueryString(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) // a Saturday
	c := newCaller(t, ewstest.Options{Now: func() time.Time { return now }})
	box := c.srv.Mailbox(alice)
	box.DeliverWith([]byte("From: Ann Marsh <ann@x.example>\r\nTo: Alice <alice@example.test>\r\nCc: Carol <carol@example.test>\r\nSubject: market report\r\n\r\nquarterly numbers"), ewstest.Delivery{Received: now})
	box.DeliverWith([]byte("From: Bert Stone <bert@x.example>\r\nTo: alice@example.test\r\nBcc: bob@example.test\r\nSubject: marketing for you\r\nImportance: high\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno more\r\n--b\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\nx\r\n--b--\r\n"),
		ewstest.Delivery{Received: now.AddDate(0, 0, -1), Read: true, Categories: []string{"Red Label"}})
	box.DeliverWith([]byte("Subject: to do\r\n\r\n"), ewstest.Delivery{Received: now.AddDate(0, -1, 0), Class: "IPM.Task"})
	const ann, bert, task = "market report", "marketing for you", "to do"
	for query, want := range map[string][]string{
		"subject:market": {ann, bert}, `subject:"market"`: {ann}, "subject:arket": nil, "SUBJECT:Market": {ann, bert}, "subject:mark*": {ann, bert},
		"subject:(market report)": {ann}, `subject:"market report"`: {ann}, "subject:(market AND you)": {bert}, "subject:(report OR you)": {ann, bert},
		`from:("Ann Marsh" OR "Bert Stone")`: {ann, bert}, `From:"Ann"`: nil, `from:"ann@x.example"`: {ann}, `participants:"Carol"`: {ann}, `participants:"Ann Marsh"`: nil, `to:"alice"`: {ann}, "from:ann@x.example": {ann}, `NOT from:"Ann Marsh"`: {bert, task}, "-from:ann": {bert, task},
		"from:ann OR from:bert": {ann, bert}, "(from:ann OR from:bert) market marketing": {bert}, "from:ann subject:you": nil,
		"content:quarterly": {ann}, "body:uarterly": nil, "body:more": {bert}, "numbers": {ann}, "market report": {ann}, "NOT (ann OR bert)": {task},
		"to:alice": {ann, bert}, "cc:carol": {ann}, "bcc:bob": {bert}, "recipients:carol": {ann}, "participants:carol": {ann}, "participants:stone": nil,
		"attachment:plan": {bert}, "plan.pdf": {bert}, "hasattachment:true": {bert}, "hasattachments:no": {ann, task}, "category:red": {bert}, `category:"label red"`: nil,
		"importance:high": {bert}, "isread:true": {bert}, "isread:false": {ann, task}, "isflagged:true": nil,
		"kind:email": {ann, bert}, "kind:tasks": {task}, "kind:(tasks OR meetings)": {task},
		"received:today": {ann}, "received:yesterday": {bert}, "received:NOT today": {bert, task}, "received:tomorrow": nil, "received:this week": {ann, bert}, "received:last week": nil,
		"received:last month": {task}, "received:this year": {ann, bert, task}, "received:11/28/2026": {ann}, "received:2026-11-27": {bert}, "received:>11/27/2026": {ann}, "received:>=11/27/2026": {ann, bert},
		"received:<11/27/2026": {task}, "received:<=11/27/2026": {bert, task}, "received:<>11/27/2026": {ann, task}, "received:11/1/2026..yesterday": {bert}, "received:11/1/2026..today": {ann, bert},
		"received:2026-11-28T12:00:00Z": {ann}, "sent:today": {ann},
		"size:>=1": {ann, bert, task}, "size:<1": nil, "size:1..1000000": {ann, bert, task}, "size:0": nil,
		"1@evil.example": nil, "": {ann, bert, task},
	} {
		answer := c.do(queryXML(query))
		assert.Equal(t, []string{"NoError"}, codes(answer), query)
		assert.ElementsMatch(t, want, texts(answer, "Subject"), query)
	}
	for _, query := range []string{"colour:red", "from:(ann", "from:ann)", "ann OR", "received:soon", "received:this century", "size:big", "isread:maybe", "kind:boats", "importance:urgent", "a*b", "from:subject:x", "NOT", strings.Repeat("(", 5000)} {
		answer := c.do(queryXML(query))
		assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), query)
		assert.Contains(t, answer, "QueryString", query)
	}
}

func TestQueryStringAlone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	both := strings.Replace(queryXML("pay"), `<m:ParentFolderIds>`, `<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction><m:ParentFolderIds>`, 1)
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(both)))
	for attribute, want := range map[string]string{
		`ReturnHighlightTerms="true"`: "NoError", `ReturnDeletedItems="1"`: "ErrorInvalidOperation",
		`ReturnHighlightTerms="false" ReturnDeletedItems="false" ResetCache="true"`: "NoError",
	} {
		assert.Equal(t, []string{want}, codes(c.do(strings.Replace(queryXML("pay"), "<m:QueryString", "<m:QueryString "+attribute, 1))), attribute)
	}
}

// FuzzQueryString sends arbitrary queries: the server must answer each.
func FuzzQueryString(f *testing.F) {
	for _, query := range []string{`from:("a" OR b) NOT -(c*)`, "received:1/2/2026..today", "received:this", "size:>=1", "subject:", ":", `"`, "((", "-", "AND", "a -\"b", "+", "\"a\"*", "received:December 11, 2013..tomorrow", "size:> 5 .. 7", "has attachment:"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c := newCaller(t, ewstest.Options{})
		c.srv.Mailbox(alice).Deliver([]byte(withAttachment))
		known := []string{"NoError", "ErrorInvalidOperation", "ErrorInvalidRequest", "ErrorSchemaValidation"}
		if got := codes(c.do(queryXML(query))); len(got) != 1 || !slices.Contains(known, got[0]) {
			t.Errorf("%q is answered with %q", query, got)
		}
	})
}
