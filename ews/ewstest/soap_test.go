package ewstest_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// caller sends raw requests, so tests see exactly what goes over the wire.
type caller struct {
	t         *testing.T
	srv       *ewstest.Server
	user      string
	version   string
	header    string // more SOAP headers
	transport http.RoundTripper
}

func newCaller(t *testing.T, opts ewstest.Options) *caller {
	t.Helper()
	srv := ewstest.NewServer(&opts)
	t.Cleanup(srv.Close)
	return &caller{t: t, srv: srv, user: "svc", version: "Exchange2013_SP1"}
}

// as returns a caller for another user.
func (c *caller) as(user string) *caller {
	d := *c
	d.user = user
	return &d
}

// impersonating returns a caller that impersonates a mailbox.
func (c *caller) impersonating(address string) *caller {
	d := *c
	d.header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address + `</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
	return &d
}

func (c *caller) in(version string) *caller {
	d := *c
	d.version = version
	return &d
}

// try sends the operation and returns the status, the answer and the error.
func (c *caller) try(operation string) (int, string, error) {
	c.t.Helper()
	header := c.header
	if c.version != "" {
		header = `<t:RequestServerVersion Version="` + c.version + `"/>` + header
	}
	body := `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header>` + header + `</s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	req := posted(c.t.Context(), c.t, c.srv.DirectURL(), strings.NewReader(body))
	rt := c.transport
	if rt == nil {
		rt = c.srv.Direct()
	}
	res, err := c.srv.As(rt, c.user).RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// do sends the operation and returns the answer, which may be a fault.
func (c *caller) do(operation string) string {
	c.t.Helper()
	_, body, err := c.try(operation)
	require.NoError(c.t, err)
	return body
}

// codes returns the response codes of an answer.
func codes(answer string) []string { return texts(answer, "ResponseCode") }

// texts returns the texts of all elements with a local name.
func texts(answer, local string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`<\w+:`+local+`(?:\s[^>]*)?>([^<]*)</`).FindAllStringSubmatch(answer, -1) {
		all = append(all, m[1])
	}
	return all
}

// attrs returns an attribute of all elements with a local name.
func attrs(answer, local, attr string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`<\w+:`+local+`\s[^>]*?\b`+attr+`="([^"]*)"`).FindAllStringSubmatch(answer, -1) {
		all = append(all, m[1])
	}
	return all
}

// folderOf names a distinguished folder of a mailbox.
func folderOf(name, mailbox string) string {
	if mailbox == "" {
		return `<t:DistinguishedFolderId Id="` + name + `"/>`
	}
	return `<t:DistinguishedFolderId Id="` + name + `"><t:Mailbox><t:EmailAddress>` + mailbox + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
}

func itemID(m *ewstest.Message) string {
	return `<t:ItemId Id="` + m.ID.ID + `" ChangeKey="` + m.ID.ChangeKey + `"/>`
}

func getItemXML(shape string, ids ...string) string {
	return `<m:GetItem><m:ItemShape>` + shape + `</m:ItemShape><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:GetItem>`
}

func moveXML(to string, ids ...string) string {
	return `<m:MoveItem><m:ToFolderId>` + to + `</m:ToFolderId><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:MoveItem>`
}

func findXML(folder, rest string) string {
	return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>` + rest + `<m:ParentFolderIds>` + folder + `</m:ParentFolderIds></m:FindItem>`
}

const (
	idOnly = `<t:BaseShape>IdOnly</t:BaseShape>`
	full   = `<t:BaseShape>AllProperties</t:BaseShape>`
	alice  = "alice@example.test"
	bob    = "bob@example.test"
	quar   = "quarantine@example.test"
)

const plain = "From: Eve <eve@evil.example>\r\nTo: Alice <alice@example.test>\r\nSubject: Invoice\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@evil.example>\r\n\r\nPay at once.\r\n"

const receiptAsked = "From: Eve <eve@evil.example>\r\nTo: alice@example.test\r\nSubject: Read me\r\nMessage-ID: <2@evil.example>\r\nDisposition-Notification-To: <eve@evil.example>\r\n\r\nHi\r\n"

func TestGetFolderOfOthers(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	get := func(c *caller, mailbox string) []string {
		return codes(c.do(`<m:GetFolder><m:FolderShape>` + full + `</m:FolderShape><m:FolderIds>` + folderOf("inbox", mailbox) + `</m:FolderIds></m:GetFolder>`))
	}
	assert.Equal(t, []string{"NoError"}, get(c, alice))
	assert.Equal(t, []string{"NoError"}, get(c.as("alice"), ""))
	assert.Equal(t, []string{"ErrorFolderNotFound"}, get(c.as("bob"), alice))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, get(c, "nobody@example.test"))
}
