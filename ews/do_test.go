package ews_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

const doInbox = `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>` +
	`<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`

// TestDo sends an operation as text, in the same way as the methods do.
func TestDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.Mailbox("alice@example.test")
		limiter, err := throttle.New(nil)
		require.NoError(t, err)
		h := &told{}
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Limiter: limiter, Payer: "svc", Hook: h})
		require.NoError(t, err)
		srv.FailNext(ews.OpGetFolder, ewstest.FaultCode("ErrorServerBusy").BackOff(time.Minute), ewstest.DropAfter)
		resp, err := client.Impersonating("alice@example.test").Do(t.Context(), ews.DoRequest{Body: []byte(doInbox), ReadOnly: true})
		require.NoError(t, err)
		assert.Equal(t, ews.OpGetFolder, resp.Operation)
		assert.NotEmpty(t, resp.RequestID)
		var read struct {
			XMLName xml.Name `xml:"http://schemas.microsoft.com/exchange/services/2006/messages GetFolderResponse"`
			Code    string   `xml:"ResponseMessages>GetFolderResponseMessage>ResponseCode"`
			Name    string   `xml:"ResponseMessages>GetFolderResponseMessage>Folders>Folder>DisplayName"`
		}
		require.NoError(t, xml.Unmarshal(resp.XML, &read), "%s", resp.XML)
		assert.Equal(t, "NoError", read.Code)
		assert.Equal(t, "Inbox", read.Name)

		all := srv.Requests()
		require.Len(t, all, 3, "it is repeated")
		for _, r := range all {
			assert.Equal(t, "alice@example.test", r.Impersonated)
			assert.Equal(t, "alice@example.test", r.Header.Get("X-AnchorMailbox"))
		}
		assert.Equal(t, []int{1, 2, 3}, []int{h.ends[0].Attempt, h.ends[1].Attempt, h.ends[2].Attempt})
		assert.Equal(t, time.Minute, h.ends[1].Waited)
	})
}

// TestDoIsNotRepeated: it is repeated only if the caller allows it, whatever the
// operation.
func TestDoIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{true, false} {
		for name, fault := range map[string]ewstest.Fault{"cut": ewstest.DropAfter, "busy": ewstest.FaultCode("ErrorServerBusy").BackOff(time.Second)} {
			t.Run(fmt.Sprint(name, readOnly), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := ewstest.NewServer(nil)
					defer srv.Close()
					srv.Mailbox("svc@example.test")
					client := srv.Client("svc", &ews.Options{ReadAttempts: 2})
					srv.FailNext(ews.OpGetFolder, fault, fault)
					resp, err := client.Do(t.Context(), ews.DoRequest{Body: []byte(doInbox), ReadOnly: readOnly})
					require.Error(t, err)
					assert.Nil(t, resp)
					assert.Len(t, srv.Requests(), map[bool]int{true: 2, false: 1}[readOnly])
					assert.True(t, ews.IsTransient(err))
				})
			})
		}
	}
}

// TestDoOfAnUnknownOperation: an operation not known to be read-only is ambiguous, unless
// the caller declares it read-only.
func TestDoOfAnUnknownOperation(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{true, false} {
		srv := serve(fail(io.ErrUnexpectedEOF))
		c := newClient(t, srv, &ews.Options{ReadAttempts: 1})
		_, err := c.Do(t.Context(), ews.DoRequest{Body: []byte(`<m:MarkAllItemsAsRead/>`), ReadOnly: readOnly})
		require.Error(t, err)
		assert.Equal(t, !readOnly, ews.Ambiguous(err))
	}
}

// TestDoTellsRefusals: Do reports the refusal in each response message, wherever it is,
// along with the response.
func TestDoTellsRefusals(t *testing.T) {
	t.Parallel()
	refused := func(name, code string) string {
		return `<m:` + name + ` ResponseClass="Error"><m:MessageText>No.</m:MessageText><m:ResponseCode>` + code + `</m:ResponseCode></m:` + name + `>`
	}
	fine := `<m:XResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Y/></m:XResponseMessage>`
	for name, tc := range map[string]struct {
		op, body string
		codes    []ews.ResponseCode
	}{
		"all is well":     {"X", `<m:ResponseMessages>` + fine + fine + `</m:ResponseMessages>`, nil},
		"no message":      {"X", `<m:Y>1</m:Y>`, nil},
		"nothing":         {"X", ``, nil},
		"one of two":      {"X", `<m:ResponseMessages>` + fine + refused("XResponseMessage", "ErrorItemNotFound") + `</m:ResponseMessages>`, []ews.ResponseCode{"ErrorItemNotFound"}},
		"both":            {"X", `<m:ResponseMessages>` + refused("XResponseMessage", "ErrorA") + refused("XResponseMessage", "ErrorB") + `</m:ResponseMessages>`, []ews.ResponseCode{"ErrorA", "ErrorB"}},
		"deep below":      {"GetUserAvailability", `<m:FreeBusyResponseArray><m:FreeBusyResponse>` + refused("ResponseMessage", "ErrorMailRecipientNotFound") + `</m:FreeBusyResponse></m:FreeBusyResponseArray>`, []ews.ResponseCode{"ErrorMailRecipientNotFound"}},
		"a warning":       {"X", `<m:R ResponseClass="Warning"><m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode></m:R>`, []ews.ResponseCode{"ErrorBatchProcessingStopped"}},
		"a contradiction": {"X", `<m:R ResponseClass="Error"><m:ResponseCode>NoError</m:ResponseCode></m:R>`, []ews.ResponseCode{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(respond(200, soap(`<m:`+tc.op+`Response>`+tc.body+`</m:`+tc.op+`Response>`)))
			var log strings.Builder
			c := newClient(t, srv, &ews.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			request := tc.op
			if request != "X" {
				request += "Request"
			}
			resp, err := c.Do(t.Context(), ews.DoRequest{Body: []byte(`<m:` + request + `/>`)})
			require.NotNil(t, resp, "%v", err)
			assert.Equal(t, ews.Operation(tc.op), resp.Operation)
			assert.Contains(t, string(resp.XML), tc.body)
			var codes []ews.ResponseCode
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, err := range joined.Unwrap() {
					refusal, _ := errors.AsType[*ews.ResponseError](err)
					if refusal == nil {
						refusal = &ews.ResponseError{}
					}
					codes = append(codes, refusal.Code)
				}
			}
			assert.Equal(t, tc.codes, codes)
			assert.NotContains(t, log.String(), "No.", "what the server says is in no log")
		})
	}
}

// TestDoReturnsWhatCanStandAlone: namespaces that the envelope declares are included.
func TestDoReturnsWhatCanStandAlone(t *testing.T) {
	t.Parallel()
	const answer = `<?xml version="1.0"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:q="urn:a&amp;b" xmlns:m="urn:outer">` +
		`<Header/><Body xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">` +
		"\n<m:XResponse\n xmlns:q2='urn:2'><Y xmlns=''/><q:Z a='&lt;'>&#x1F;</q:Z></m:XResponse></Body></Envelope>"
	srv := serve(respond(200, answer))
	resp, err := newClient(t, srv, nil).Do(t.Context(), ews.DoRequest{Body: []byte("<m:X/>")})
	require.NoError(t, err)
	text := string(resp.XML)
	assert.True(t, strings.HasPrefix(text, "<m:XResponse xmlns"), text)
	assert.True(t, strings.HasSuffix(text, "\n xmlns:q2='urn:2'><Y xmlns=''/><q:Z a='&lt;'>&#x1F;</q:Z></m:XResponse>"), text)
	var names []string
	d := xml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "&#x1F;", "")))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			names = append(names, e.Name.Space+" "+e.Name.Local)
		}
	}
	assert.Equal(t, []string{"http://schemas.microsoft.com/exchange/services/2006/messages XResponse", " Y", "urn:a&b Z"}, names)
}

func TestDoRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		req  ews.DoRequest
		want string
	}{
		"nothing":             {ews.DoRequest{}, "DoRequest.Body is empty"},
		"two elements":        {ews.DoRequest{Body: []byte("<m:A/><m:B/>")}, "2 elements"},
		"text":                {ews.DoRequest{Body: []byte("<m:A/>x")}, "text outside"},
		"another namespace":   {ews.DoRequest{Body: []byte("<t:A/>")}, "namespace of EWS messages"},
		"no namespace":        {ews.DoRequest{Body: []byte("<A/>")}, "namespace of EWS messages"},
		"undeclared prefix":   {ews.DoRequest{Body: []byte("<m:A><x:B/></m:A>")}, `"x" is not declared`},
		"undeclared on value": {ews.DoRequest{Body: []byte(`<m:A x:b="1"/>`)}, `"x" is not declared`},
		"not closed":          {ews.DoRequest{Body: []byte("<m:A>")}, "not well-formed"},
		"no end":              {ews.DoRequest{Body: []byte("<m:A")}, "not well-formed"},
		"forbidden character": {ews.DoRequest{Body: []byte("<m:A>\x1f</m:A>")}, "not well-formed"},
		"forbidden reference": {ews.DoRequest{Body: []byte("<m:A>&#x1F;</m:A>")}, "not well-formed"},
		"not UTF-8":           {ews.DoRequest{Body: []byte("<m:A>\xff</m:A>")}, "not well-formed"},
		"an entity":           {ews.DoRequest{Body: []byte("<m:A>&secret;</m:A>")}, "not well-formed"},
		"a document type":     {ews.DoRequest{Body: []byte("<!DOCTYPE a><m:A/>")}, "leave it out"},
		"a declaration":       {ews.DoRequest{Body: []byte(`<?xml version="1.0"?><m:A/>`)}, "leave it out"},
		"out of the body":     {ews.DoRequest{Body: []byte("<m:A/></s:Body><s:Body><m:B/>")}, "ends the SOAP body"},
		"out of the envelope": {ews.DoRequest{Body: []byte("<m:A/></s:Body></s:Envelope><!--")}, "ends the SOAP body"},
		"an open comment":     {ews.DoRequest{Body: []byte("<m:A/><!--")}, "not well-formed"},
		"an open section":     {ews.DoRequest{Body: []byte("<m:A><![CDATA[")}, "not well-formed"},
		"deep":                {ews.DoRequest{Body: []byte(strings.Repeat("<m:A>", 70) + strings.Repeat("</m:A>", 70))}, "64 deep"},
		"long":                {ews.DoRequest{Body: []byte("<m:A>" + strings.Repeat("x", 16<<20) + "</m:A>")}, "16 MiB"},
		"a large response":    {ews.DoRequest{Body: []byte("<m:A/>"), MaxResponse: 257 << 20}, "DoRequest.MaxResponse"},
		"a negative one":      {ews.DoRequest{Body: []byte("<m:A/>"), MaxResponse: -1}, "DoRequest.MaxResponse"},
		"no version":          {ews.DoRequest{Body: []byte("<m:A/>"), Least: 99}, "DoRequest.Least"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve()
			_, err := newClient(t, srv, nil).Do(t.Context(), tc.req)
			require.ErrorContains(t, err, tc.want)
			assert.True(t, ews.NotSent(err))
			assert.Empty(t, srv.seen())
		})
	}
}

// TestDoBoundsTheResponse, which is held in memory as a whole.
func TestDoBoundsTheResponse(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("svc@example.test")
	client := srv.Client("svc", nil)
	whole, err := client.Do(t.Context(), ews.DoRequest{Body: []byte(doInbox)})
	require.NoError(t, err)
	resp, err := client.Do(t.Context(), ews.DoRequest{Body: []byte(doInbox), MaxResponse: int64(len(whole.XML)) / 2})
	require.ErrorContains(t, err, "DoRequest.MaxResponse")
	assert.Nil(t, resp)
	_, err = client.Do(t.Context(), ews.DoRequest{Body: []byte(doInbox), MaxResponse: int64(len(whole.XML)) * 3})
	assert.NoError(t, err)
}

// TestDoMindsTheVersion of the server and that of the caller.
func TestDoMindsTheVersion(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.Exchange2010SP3})
	defer srv.Close()
	srv.Mailbox("svc@example.test")
	client := srv.Client("svc", nil)
	_, err := client.Do(t.Context(), ews.DoRequest{Body: []byte(doInbox)})
	require.NoError(t, err)
	assert.Less(t, client.Version(), ews.Exchange2013, "it stepped down")
	before := len(srv.Requests())
	_, err = client.Do(t.Context(), ews.DoRequest{Body: []byte(`<m:FindPeople/>`), Least: ews.Exchange2013})
	require.ErrorIs(t, err, ews.ErrUnsupportedVersion)
	assert.Len(t, srv.Requests(), before, "nothing was sent")
}

// Do sends an operation for which the package has no method: the body is sent as it is,
// and the response element is returned.
func ExampleClient_Do() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test")
	client := srv.Client("svc", nil).Impersonating("alice@example.test")

	resp, err := client.Do(context.Background(), ews.DoRequest{
		Body: []byte(`<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>` +
			`<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`),
		ReadOnly: true, // so it may be repeated
	})
	if err != nil {
		fmt.Println(err) // also if the server refuses a member of a batch
		return
	}
	var read struct {
		Name string `xml:"ResponseMessages>GetFolderResponseMessage>Folders>Folder>DisplayName"`
	}
	if err := xml.Unmarshal(resp.XML, &read); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Operation, read.Name)
	// Output:
	// GetFolder Inbox
}
