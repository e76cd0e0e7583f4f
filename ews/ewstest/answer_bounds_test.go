package ewstest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestAnswersHaveAnEnd asks for a large item many times in one request.
func TestAnswersHaveAnEnd(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte("Subject: large\r\n\r\n" + strings.Repeat("sixteen letters\n", 1<<20)))
	answer := c.do(getItemXML(idOnly+fieldsXML("item:TextBody"), slices.Repeat([]string{itemID(m)}, 40)...))
	got := codes(answer)
	assert.Len(t, got, 40)
	n := slices.Index(got, "ErrorInsufficientResources")
	assert.Greater(t, n, 4)
	assert.Less(t, len(answer), 192<<20)
	for i, code := range got {
		switch {
		case i < n:
			assert.Equal(t, "NoError", code)
		case i > n:
			assert.Equal(t, "ErrorBatchProcessingStopped", code)
		}
	}
}

// TestShapesNamePropertiesOnce names properties many times.
func TestShapesNamePropertiesOnce(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	inbox := `<t:FolderId Id="` + c.srv.Mailbox(alice).Folder(ews.FolderInbox).ID().ID + `"/>`
	shape := idOnly + `<t:AdditionalProperties>` + strings.Repeat(`<t:FieldURI FieldURI="item:Subject"/><t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/>`, 10_000) + `</t:AdditionalProperties>`
	for _, answer := range []string{c.do(getItemXML(shape, itemID(m))), c.do(findShapeXML(shape))} {
		assert.Equal(t, []string{"Invoice"}, texts(answer, "Subject"))
		assert.Equal(t, []string{"&lt;1@evil.example&gt;"}, texts(answer, "Value"))
	}
	shape = idOnly + `<t:AdditionalProperties>` + strings.Repeat(`<t:FieldURI FieldURI="folder:DisplayName"/><t:ExtendedFieldURI PropertyTag="0x3001" PropertyType="String"/>`, 10_000) + `</t:AdditionalProperties>`
	answer := c.do(getFolderXML(shape, inbox))
	assert.Equal(t, []string{"Inbox"}, texts(answer, "DisplayName"))
	assert.Equal(t, []string{"Inbox"}, texts(answer, "Value"))
}

// withHeader sends requests with a header field.
type withHeader struct {
	http.RoundTripper
	name, value string
}

func (w withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(w.name, w.value)
	return w.RoundTripper.RoundTrip(r)
}

// TestNothingInTheBody sends an envelope with an empty body, with and without a
// SOAPAction.
func TestNothingInTheBody(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do("")))
	c.transport = withHeader{c.srv.Direct(), "SOAPAction", `"http://schemas.microsoft.com/exchange/services/2006/messages/FindItem"`}
	assert.Equal(t, []string{"ErrorInvalidRequest"}, codes(c.do("")))
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))), "the body says which operation it is")
}
