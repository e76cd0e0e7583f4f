package graphtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// FuzzRequest sends arbitrary requests. Each must be answered by an error of the API or
// by an answer, and never by a panic.
func FuzzRequest(f *testing.F) {
	seeds := [][3]string{
		{"GET", "/users/alice@example.test/messages?$filter=subject eq 'x''y' and (isRead ne true or contains(subject,'a'))", ""},
		{"GET", "/users/alice@example.test/messages?$filter=singleValueExtendedProperties/any(ep:ep/id eq 'String 0x1A' and ep/value ne null)", ""},
		{"GET", "/users/alice@example.test/messages?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07'),attachments($select=id)", ""},
		{"GET", "/users('alice@example.test')/mailFolders('inbox')/messages/delta()?$deltatoken=x", ""},
		{"POST", "/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users/alice@example.test/messages?$top=1"}]}`},
		{"POST", "/users/alice@example.test/mailFolders/inbox/messages", `{"subject":"x","toRecipients":[{"emailAddress":{"address":"a@b"}}],"attachments":[{"@odata.type":"#microsoft.graph.fileAttachment","name":"x"}]}`},
		{"POST", "/users/alice@example.test/messages/x/attachments/createUploadSession", `{"AttachmentItem":{"attachmentType":"file","name":"x","size":4000000}}`},
		{"GET", "/users/alice@example.test/messages/x/attachments?$select=microsoft.graph.fileAttachment/contentId", ""},
		{"POST", "/users/alice@example.test/translateExchangeIds", `{"inputIds":["x"],"sourceIdType":"ewsId","targetIdType":"restId"}`},
		{"PATCH", "/users/alice@example.test/messages/x", `{"flag":{"flagStatus":"flagged"}}`},
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2])
	}
	srv := graphtest.New(nil, &graphtest.Options{Throttling: graphtest.Throttling{Requests: -1, Upload: -1}, MaxRecords: 10})
	f.Cleanup(srv.Close)
	srv.Mailbox(alice).Deliver(letter("one", true))
	rt := srv.As(srv.Direct(), "app")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		address, query, _ := strings.Cut(path, "?")
		u, err := url.Parse(srv.DirectURL() + "/v1.0" + strings.ReplaceAll(address, " ", "%20"))
		if err != nil || u.Host != "graph.example.test" {
			return
		}
		u.RawQuery = strings.ReplaceAll(query, " ", "%20")
		r, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	})
}
