package ews_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A fault with few details is still a refusal, and its error is readable.
func TestBareFaults(t *testing.T) {
	t.Parallel()
	const errorsNS, typesNS = `xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors"`, `xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types"`
	for name, c := range map[string]struct {
		fault string
		code  ews.ResponseCode
		says  string
	}{
		"no text": {`<s:Fault><faultcode ` + typesNS + `>a:ErrorMailboxConfiguration</faultcode><faultstring xml:lang="en-US"></faultstring><detail>` +
			`<e:ResponseCode ` + errorsNS + `>ErrorMailboxConfiguration</e:ResponseCode><e:Message ` + errorsNS + `/></detail></s:Fault>`,
			"ErrorMailboxConfiguration", "request refused: ErrorMailboxConfiguration"},
		"text in the string alone": {`<s:Fault><faultcode>s:Server</faultcode><faultstring>Busy.</faultstring><detail><e:ResponseCode ` + errorsNS + `>ErrorServerBusy</e:ResponseCode>` +
			`<e:Message ` + errorsNS + `> </e:Message></detail></s:Fault>`, "ErrorServerBusy", `ErrorServerBusy: "Busy."`},
		"code in the fault alone": {`<s:Fault><faultcode ` + typesNS + `>a:ErrorAccessDenied</faultcode><faultstring/><detail><e:ResponseCode ` + errorsNS + `/></detail></s:Fault>`,
			"ErrorAccessDenied", "request refused: ErrorAccessDenied"},
		"empty elements":  {`<s:Fault><faultcode/><faultstring/><detail/></s:Fault>`, "", "request refused: no response code"},
		"nothing":         {`<s:Fault/>`, "", "request refused: no response code"},
		"blanks":          {"<s:Fault>\r\n <faultcode> \r\n</faultcode><faultstring>\t</faultstring></s:Fault>", "", "request refused: no response code"},
		"a comment":       {`<s:Fault><!-- why --></s:Fault>`, "", "request refused: no response code"},
		"text alone":      {`<s:Fault><faultstring>unknown request</faultstring></s:Fault>`, "", `no response code: "unknown request"`},
		"SOAP's code":     {`<s:Fault><faultcode>s:Server</faultcode><faultstring>unknown request 'FindItem'</faultstring></s:Fault>`, "Server", `Server: "unknown request 'FindItem'"`},
		"a code in parts": {`<s:Fault><faultcode>soap:Client.ErrorX</faultcode></s:Fault>`, "Client.ErrorX", "Client.ErrorX"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{500, 200} {
				body := strings.Replace(soap("HERE"), "HERE", c.fault, 1)
				err := failing(t, respond(status, body))
				e, ok := errors.AsType[*ews.ResponseError](err)
				require.True(t, ok, "%T: %v", err, err)
				assert.Equal(t, c.code, e.Code)
				assert.True(t, e.Fault)
				assert.True(t, strings.HasSuffix(err.Error(), c.says), err.Error())

				_, err = newClient(t, serve(respond(status, body)), nil).DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{{ID: "I"}}, Type: ews.HardDelete})
				require.Error(t, err)
				if c.code == "" || status == 200 {
					assert.True(t, ews.Ambiguous(err), "nobody knows what it means")
				}
			}
		})
	}
}
