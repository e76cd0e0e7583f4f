package ewstest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// found returns the subjects that a query finds.
func found(t *testing.T, c *caller, query string) []string {
	t.Helper()
	answer := c.do(queryXML(query))
	require.Equal(t, []string{"NoError"}, codes(answer), query)
	return texts(answer, "Subject")
}

// TestQueryStringWords covers the forms that Microsoft's pages give for texts and
// operators.
func TestQueryStringWords(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	const report = "From: Dean Halstead <dean@hotmail.example>\r\nTo: Sadie Daniels <sadie@example.test>\r\nSubject: "
	const dean, win95, windows, newer, reversed, other = "win product", "win95 product", "windows production line", "windows new product", "product of win", "Re: plan for our project"
	for _, subject := range []string{dean, win95, windows, newer, reversed} {
		box.Deliver([]byte(report + subject + "\r\n\r\nprogress"))
	}
	box.Deliver([]byte("From: Hope Gross <hope@mail.hotmail.example>\r\nCc: dean@hotmail.example\r\nSubject: " + other + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\n\r\nproposal or sales figures\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=report.txt\r\n\r\ninside of it\r\n" +
		"--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=page.html\r\n\r\n<p>of <b>mark</b>up</p>\r\n" +
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\nbinary\r\n" +
		"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: enclosure\r\nContent-Type: text/html\r\n\r\n<i>within</i>\r\n--b--\r\n"))
	all := []string{dean, win95, windows, newer, reversed, other}
	deans := all[:5]
	for query, want := range map[string][]string{
		`subject:"win product"`: {dean}, `subject:"win product"*`: {dean, win95, windows}, `subject:"win product*"`: {dean, win95, windows}, "subject:(win product)": deans, "subject:win product": deans,
		`"win product"`: {dean}, `"win product"*`: {dean, win95, windows}, "win product": deans, "win/product": {dean}, `subject:"product"`: {dean, win95, newer, reversed},
		"subject:project plan": {other}, "subject:project proposal": nil, "subject:project AND proposal": {other}, "project proposal": {other}, "body:sales figures": {other}, "content:sales project": nil,
		"subject: project": {other}, "subject:project plan OR subject:line": {windows, other}, "subject:(project OR line)": {windows, other}, "SUBJECT:PROJECT": {other},
		`From:"Dean Halstead"`: deans, `From:"Dean"`: nil, "From:Dean": deans, "From:Dean Gross": nil, "from:hal dean": deans, `from:"dean hal"*`: deans,
		`from:"@hotmail.example"`: deans, "from:@hotmail.example": deans, "cc:@hotmail.example": {other}, `from:"@example"`: nil, "to:Sadie": deans, `To:"Sadie Daniels"`: deans, "participants:dean": {other},
		`from:"Sadie Daniels" OR "proposal"`: {other}, `from:("Dean Halstead" OR "Hope Gross")`: all, `subject:line OR from:"Hope Gross"`: {windows, other}, "NOT body:progress": {other}, "body:(NOT progress)": {other},
		"body:(proposal - sales)": nil, "body:(proposal -progress)": {other}, "body:(proposal + sales)": {other}, "+proposal +sales": {other}, "-progress": {other}, `-"sales figures"`: deans, "-(win OR project)": nil,
		"body:(proposal or sales)": {other}, "body:(progress or sales)": nil, "body:(progress Or proposal)": nil, "body:(progress OR proposal)": all, "subject:product AND subject:line": {windows}, "NOT NOT progress": deans,
		"attachment:report": {other}, "attachment:inside": {other}, "attachment:markup": {other}, "attachment:binary": nil, "attachment:enclosure": {other}, "attachment:within": {other}, "inside": {other},
		"Has attachment:true subject:project": {other}, "has:attachment:true": {other}, "HASATTACHMENT:TRUE": {other}, "has attachment:false": deans, "isread:FALSE": all, "isread:true": nil,
		`subject:line OR from:"Hope Gross" proposal`: {other}, "proposal subject:line OR progress": deans, "progress OR proposal sales": {other}, "sales AND proposal OR subject:line": {windows, other}, "sales OR (progress subject:line)": {windows, other},
		"subject:line OR NOT progress": {windows, other}, "progress -subject:line OR proposal": {dean, win95, newer, reversed, other}, "subject:(line OR project plan)": {other},
		"has:attachment": {other}, "Has:Attachments subject:project": {other}, "-has:attachment": deans, "(has:attachment)": {other}, "NOT has:attachments subject:line": {windows},
		"size:<1KB": deans, "size:>1kb": {other}, "size:>=0.5 KB": all, "size:1b..1mb": all, "size:1 B..1 GB": all, "size:<0.001MB subject:line": {windows},
		`subject:"proj"`: nil, `subject:"re project"`: nil, `"our project"`: {other}, `"project our"`: nil, "importance:NORMAL": all, "size:> 1": all, "size:1 .. 1000000": all, "size:<> 1": all, "size:>1 subject:line": {windows}, "size:(>1 AND <5)": nil,
	} {
		assert.ElementsMatch(t, want, found(t, c, query), query)
	}
	for _, query := range []string{"size:1..", "size:>1..2", "size:=>1", `size:"1 2"`, "size:1..x", "size:", "size:1tb", "size:kb", "size:1.5", "size:1 .. kb", "size:99999999999999GB", "has:attachment:", "a OR AND b", "OR a", "a +", "a AND OR b", "subject:(a", "subject:from:b"} {
		assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(queryXML(query))), query)
	}
}

// TestQueryStringTimes covers the forms that Microsoft's pages give for times.
func TestQueryStringTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2013, 12, 11, 12, 0, 0, 0, time.UTC) // a Wednesday
	c := newCaller(t, ewstest.Options{Now: func() time.Time { return now }})
	for _, day := range []string{"2013-12-11", "2013-12-10", "2013-12-08", "2013-12-01", "2013-11-20", "2013-11-05", "2013-01-01", "2012-12-11", "2012-06-01", "2001-01-15"} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		c.srv.Mailbox(alice).DeliverWith([]byte("Date: "+at.Format(time.RFC1123Z)+"\r\nSubject: d"+day[2:4]+day[5:7]+day[8:]+"\r\n\r\nDecember"), ewstest.Delivery{Received: at.Add(6 * time.Hour)})
	}
	for query, want := range map[string]string{
		"received:12/11/2013": "131211", "received:12/11/13": "131211", "received:>11/05/12 received:<1/2/13": "130101 121211", "received:1/1/01..1/15/01": "010115", "received:Monday..Wednesday": "131211 131210", "received:12/11": "131211", "received:December 11, 2013": "131211", "received:December 11": "131211", "received:december": "131211 131210 131208 131201",
		"received:December 2012": "121211", "received:11/5": "131105", "received:01/01/2013": "130101", "Sent:01/01/2001..01/15/2001": "010115", "Sent:01/01/2001..01/14/2001": "",
		"received:Tuesday": "131210", "received:Sunday": "131208", "received:Saturday": "", "received:Monday": "", "received:today": "131211", "received:tomorrow": "", "received:yesterday": "131210",
		"received:this week": "131211 131210 131208", "received:last week": "131201", "received:lastweek": "131201", "received:last month": "131120 131105", "received:past month": "131211 131210 131208 131201 131120",
		"received:past week": "131211 131210 131208", "received:next month": "", "received:coming year": "", "received:past year": "131211 131210 131208 131201 131120 131105 130101", "received:last year": "121211 120601", "received:thisyear": "131211 131210 131208 131201 131120 131105 130101",
		"received:>11/30/2013": "131211 131210 131208 131201", "sent:>=yesterday": "131211 131210", "received:12/1/2013..today": "131211 131210 131208 131201", "received:December 8 .. December 10, 2013": "131210 131208", "received:> December 8": "131211 131210",
		"received:<1/1/2013": "121211 120601 010115", "received:last week..yesterday": "131210 131208 131201", `received:"last week"`: "131201", "received:<>this year": "121211 120601 010115",
		"received:(today OR yesterday)": "131211 131210", "received:NOT this year": "121211 120601 010115", "-received:this year": "121211 120601 010115", "received:December subject:d131210": "131210", "received:today d131210": "", "received:yesterday d131210": "131210",
		"received:2013-12-11T06:00:00Z": "131211", "received:<2001-01-16T00:00:00Z": "010115", "received:December 2013 December": "131211 131210 131208 131201", "received:2013-12-08..2013-12-10": "131210 131208", "received:=today": "131211", "received:<=12/11/2012": "121211 120601 010115",
	} {
		var subjects []string
		for day := range strings.FieldsSeq(want) {
			subjects = append(subjects, "d"+day)
		}
		assert.ElementsMatch(t, subjects, found(t, c, query), query)
	}
	for _, query := range []string{"received:", "received:2012", "received:..", "received:today..", "received:..today", "received:this", "received:past decade", "received:13/1/2013", "received:February 30", `received:"today and more"`, "received:=>today", "received:>today..tomorrow", "received:today..soon", "received:todays"} {
		assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(queryXML(query))), query)
	}
}

func TestQueryStringKinds(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	classes := map[string]string{
		"email": "IPM.Note", "meetings": "IPM.Schedule.Meeting.Request", "contacts": "IPM.Contact", "tasks": "IPM.Task", "notes": "IPM.StickyNote", "docs": "IPM.Document.txt", "faxes": "IPM.Note.Microsoft.Fax",
		"im": "IPM.Note.Microsoft.Conversation", "journals": "IPM.Activity", "posts": "IPM.Post", "rssfeeds": "IPM.Post.Rss", "voicemail": "IPM.Note.Microsoft.Voicemail.UM.CA",
	}
	for kind, class := range classes {
		c.srv.Mailbox(alice).DeliverWith([]byte("Subject: "+kind+"\r\n\r\n"), ewstest.Delivery{Class: class})
	}
	for kind := range classes {
		assert.Equal(t, []string{kind}, found(t, c, "Kind:"+kind), kind)
	}
}

func TestHighlightTerms(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	ask := func(attribute string) string {
		return c.do(strings.Replace(queryXML(`subject:(pay OR "due date") NOT from:eve isread:false bank`), "<m:QueryString", "<m:QueryString "+attribute, 1))
	}
	answer := ask(`ReturnHighlightTerms="true" ResetCache="true"`)
	assert.Equal(t, []string{"subject", "subject"}, texts(answer, "Scope"), "the third is empty")
	assert.Equal(t, []string{"pay", "due date", "bank"}, texts(answer, "Value"))
	assert.NotContains(t, ask(`ReturnHighlightTerms="false"`), "HighlightTerms")
	old := newCaller(t, ewstest.Options{Version: ewstest.Exchange2010SP3}).in("Exchange2010_SP2")
	assert.Equal(t, []string{"NoError"}, codes(old.do(queryXML("pay"))))
	for _, attribute := range []string{`ResetCache="true"`, `ReturnHighlightTerms="true"`, `ReturnDeletedItems="true"`} {
		assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(old.do(strings.Replace(queryXML("pay"), "<m:QueryString", "<m:QueryString "+attribute, 1))), attribute)
	}
}
