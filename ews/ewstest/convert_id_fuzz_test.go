package ewstest_test

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzConvertID converts ids of arbitrary content, base64 or hexadecimal, from each format:
// what is read is written again as it was, and all else is refused by code.
func FuzzConvertID(f *testing.F) {
	formats := []string{"EwsLegacyId", "EwsId", "EntryId", "HexEntryId", "StoreId", "OwaId"}
	start := func(t testing.TB) (*ewstest.Server, *ewstest.Message) {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		return srv, srv.Mailbox(alice).Deliver([]byte(plain))
	}
	_, m := start(f)
	id, err := base64.StdEncoding.DecodeString(m.ID.ID)
	if err != nil {
		f.Fatal(err)
	}
	entry := id[43:] // behind the mailbox
	for i := range formats {
		f.Add(uint8(i), id)
		f.Add(uint8(i), entry)
		f.Add(uint8(i), append([]byte{byte(len(entry))}, entry...))
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
			if back := attrs(answer, "AlternateId", "Id"); got[0] == "NoError" && to == format && !slices.Equal(back, []string{html.EscapeString(text)}) {
				t.Errorf("%s %q comes back as %q", format, text, back)
			}
		}
	})
}
