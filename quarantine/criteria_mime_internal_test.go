package quarantine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzMatchMIME(f *testing.F) {
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href='https&#58;//evil.example/a'>x</a>"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; name=x.exe\nContent-Transfer-Encoding: base64\n\nQUJD\n--b\nContent-Type: message/rfc822\n\nContent-Type: application/pkcs7-mime\n\nx\n--b--\n"))
	f.Add([]byte("\r\nhttps://urldefense.com/v3/__https://evil.example/**A__;YWI!!x!y$"))
	digest := sha256.Sum256([]byte("ABC"))
	c := Criteria{URL: "https://evil.example/a", AttachmentName: "x.exe", AttachmentSHA256: hex.EncodeToString(digest[:])}
	f.Fuzz(func(t *testing.T, message []byte) {
		all, err := c.matchMIME(strings.NewReader(string(message)))
		if all && err != nil {
			t.Fatal("a match with an error")
		}
		for _, part := range []Criteria{{URL: c.URL}, {AttachmentName: c.AttachmentName}, {AttachmentSHA256: c.AttachmentSHA256}} {
			one, _ := part.matchMIME(strings.NewReader(string(message)))
			if all && !one {
				t.Fatalf("all match, not %+v", part)
			}
		}
		// A cut is never mistaken for the end.
		broken := errors.New("cut")
		if one, err := c.matchMIME(io.MultiReader(strings.NewReader(string(message)), iotest.ErrReader(broken))); !one && !errors.Is(err, broken) {
			t.Fatalf("the error became %v", err)
		}
	})
}

func TestTally(t *testing.T) {
	t.Parallel()
	tally := Limits{Total: 5}.newTally()
	require.NoError(t, tally.add(3))
	require.NoError(t, tally.add(2))
	require.ErrorIs(t, tally.add(1), ErrTooManyHits)
	require.NoError(t, Limits{}.newTally().add(5_000))
}

// Names that programs show, or save, alike count as alike.
func TestCasesAttachmentName(t *testing.T) {
	t.Parallel()
	c := Criteria{AttachmentName: "Invoice 1.exe"}
	for name, want := range map[string]bool{
		"invoice 1.exe": true, "invoice\t1.EXE": true, "invoice\u00a0 1.exe": true, "'Invoice 1.exe'": true, `Invoice 1.exe"`: true, "Invoice 1.exe;": true, "Invoice 1.exe. ": true,
		`C:\x\Invoice 1.exe`: true, "/x/Invoice 1.exe": true, "Invoice 1.exe/": true, "c:Invoice 1.exe": true, `Inv\oice 1.exe`: true, "Invoice%201.exe": true, "Invoice 1.exe\x00.pdf": true, "Inv\u200boice 1.exe": true,
		"Invoice 1.exe.pdf": false, "xInvoice 1.exe": false, "Invoice1.exe": false, "": false,
	} {
		assert.Equal(t, want, c.matchAttachmentName(name), name)
	}
}
