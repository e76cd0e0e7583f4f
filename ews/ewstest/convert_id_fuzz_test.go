package ewstest_test

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzConvertID converts ids of arbitrary content, base64 or hexadecimal, from each
// format: what is read is written back unchanged, and all else is refused with a code. A
// legacy id contains the address of the mailbox, which is rewritten.
func FuzzConvertID(f *testing.F) {
	formats := []string{"EwsLegacyId", "EwsId", "EntryId", "HexEntryId", "StoreId", "OwaId"}
	start := func(t testing.TB) (*ewstest.Server, *ewstest.Message) {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		return srv, srv.Mailbox(alice).Deliver([]byte(plain))
	}
	srv, m := start(f)
	for i, format := range formats { // as the server writes them
		written, err := srv.Client("svc", nil).ConvertID(f.Context(), ews.ConvertIDRequest{
			IDs: []ews.AlternateID{{Format: ews.FormatEWSID, ID: m.ID.ID, Mailbox: alice}}, To: ews.IDFormat(format),
		})
		if err != nil || written.Err() != nil {
			f.Fatal(err, written.Err())
		}
		text, err := url.QueryUnescape(strings.ReplaceAll(written[0].Value.ID, "+", "%2B"))
		if err != nil {
			f.Fatal(err)
		}
		content, err := base64.StdEncoding.DecodeString(text)
		if format == "HexEntryId" {
			content, err = hex.DecodeString(text)
		}
		if err != nil {
			f.Fatal(format, err)
		}
		f.Add(uint8(i), content)
		f.Add(uint8(i), content[:len(content)-1])
	}
	f.Fuzz(func(t *testing.T, from uint8, content []byte) {
		srv, _ := start(t)
		c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2013_SP1"}
		format := formats[int(from)%len(formats)]
		text := base64.StdEncoding.EncodeToString(content)
		if format == "HexEntryId" {
			text = strings.ToUpper(hex.EncodeToString(content))
		}
		for _, to := range formats {
			answer := c.do(convertXML(to, alternateID(format, text, alice)))
			got := codes(answer)
			if len(got) != 1 || got[0] != "NoError" && !strings.HasPrefix(got[0], "ErrorInvalidId") && !slices.Contains([]string{"ErrorItemNotFound", "ErrorFolderNotFound", "ErrorNonExistentMailbox", "ErrorSchemaValidation"}, got[0]) {
				t.Errorf("%s %q to %s is answered with %q", format, text, to, got)
			}
			want := html.EscapeString(text)
			if format == "OwaId" { // written for a URL
				want = url.QueryEscape(text)
			}
			if back := attrs(answer, "AlternateId", "Id"); got[0] == "NoError" && to == format && format != "EwsLegacyId" && !slices.Equal(back, []string{want}) {
				t.Errorf("%s %q comes back as %q", format, text, back)
			}
		}
	})
}
