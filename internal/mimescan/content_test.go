package mimescan_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

func contentOf(t *testing.T, message string) mimescan.Content {
	t.Helper()
	c, err := mimescan.ReadContent(strings.NewReader(message))
	require.NoError(t, err)
	return c
}

// lines converts line ends to those of messages.
func lines(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// entity joins a header and a body.
func entity(header, body string) string { return lines(header) + "\r\n\r\n" + body }

func inBase64(text string) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(text))), 76) {
		b.Write(part)
		b.WriteString("\r\n")
	}
	return b.String()
}

func inQuoted(text string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// mixed makes a multipart from entities.
func mixed(kind, boundary string, entities ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Subject: x\r\nContent-Type: %s; boundary=%q\r\n\r\n", kind, boundary)
	for _, e := range entities {
		b.WriteString("--" + boundary + "\r\n" + e + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.String()
}

const (
	plainUTF8 = "Content-Type: text/plain; charset=utf-8"
	pageUTF8  = "Content-Type: text/html; charset=utf-8"
	picture   = "Content-Type: image/png; name=logo.png\nContent-Transfer-Encoding: base64"
)

var (
	umlauts = lines("Grüße aus Köln.\n\nBis bald\n")
	note    = entity(plainUTF8, umlauts)
	file    = entity(picture, inBase64(strings.Repeat("0123456789", 40)))
	inner   = mixed("multipart/mixed", "in", note, file)
	asMail  = entity("Content-Type: message/rfc822", inner)
)

func utf16LE(text string) string {
	b := []byte{0xFF, 0xFE}
	for _, r := range text {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

// Changes that faithful servers make when they generate a message do not count.
func TestContentSame(t *testing.T) {
	t.Parallel()
	signed := entity(plainUTF8, "Signed.\r\n")
	signature := func(name string) string {
		return entity("Content-Type: application/pkcs7-signature; name="+name+"\nContent-Transfer-Encoding: base64", inBase64("signature"))
	}
	for name, pair := range map[string][2]string{
		"transfer encoding":       {entity(plainUTF8+"\nContent-Transfer-Encoding: quoted-printable", inQuoted(umlauts)), entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64(umlauts))},
		"charset":                 {entity("Content-Type: text/plain; charset=iso-8859-1", "Gr\xFC\xDFe aus K\xF6ln.\r\n\r\nBis bald\r\n"), note},
		"UTF-16":                  {entity("Content-Type: text/plain; charset=utf-16", utf16LE(umlauts)), note},
		"byte order mark":         {entity(plainUTF8, "\uFEFF"+umlauts), note},
		"line ends":               {entity(plainUTF8, "Grüße aus Köln. \t\n\nBis bald"), note},
		"line ends in base64":     {entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64("a\r\nb\r\n\r\nc")), entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64("a\nb\n\nc"))},
		"carriage returns alone":  {entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64("a\rb\r\rc")), entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64("a\nb\n\nc"))},
		"UTF-16, not said":        {entity("Content-Type: text/plain\nContent-Transfer-Encoding: base64", inBase64(utf16LE("see below"))), entity(plainUTF8, "see below")},
		"empty lines at the end":  {note + "\r\n\r\n \r\n", note},
		"boundary":                {mixed("multipart/mixed", "a", note, file), mixed("multipart/mixed", "b", note, file)},
		"nesting":                 {mixed("multipart/mixed", "a", note, file), mixed("multipart/related", "b", mixed("multipart/mixed", "c", note), file)},
		"order of attachments":    {mixed("multipart/mixed", "a", note, file, asMail), mixed("multipart/mixed", "a", note, asMail, file)},
		"name of an attachment":   {mixed("multipart/mixed", "a", file), mixed("multipart/mixed", "a", strings.Replace(file, "logo", "ATT00001", 1))},
		"attachment encoded anew": {mixed("multipart/mixed", "a", entity("Content-Type: text/csv; name=a.csv", "a;b\nc;d")), mixed("multipart/mixed", "a", entity("Content-Type: text/csv; name=a.csv\nContent-Transfer-Encoding: base64", inBase64("a;b\r\nc;d")))},
		"base64 in other lines":   {file, entity(picture, strings.ReplaceAll(inBase64(strings.Repeat("0123456789", 40)), "\r\n", "\n "))},
		"damaged base64":          {entity(picture, "QUJ*DREVG\r\n"), entity(picture, "QUJ*\nDREVG")},
		"subject encoded":         {"Subject: Gr\u00fc\u00dfe  und\r\n mehr\r\n\r\nx", "Subject: =?iso-8859-1?Q?Gr=FC=DFe_und?=\r\n =?utf-8?Q?_mehr?=\r\n\r\nx"},
		"dropped header":          {entity("X-Mailer: Bulk\n"+plainUTF8, umlauts), note},
		"HTML reformatted": {
			entity(pageUTF8, `<html><head><title>a</title><style>p{}</style></head><body><p>Dear&nbsp;Ann,</p><p>click <a href="https://evil.example/?a=1&amp;b=2">here</a><img src=cid:1></body></html>`),
			entity(pageUTF8, "<META charset=utf-8><body><!-- x --><div class=x>Dear \r\n Ann,</div>\r\n<P>cl<b>ick</b> <A class=y HREF='https://evil.example/?a=1&b=2'>here</A>\n<img alt=z src=\"cid:1\"/>"),
		},
		"HTML encoded":                  {entity("Content-Type: text/html; charset=windows-1252", "<p>\x80 5 \x96 \xFC"), entity(pageUTF8+"\nContent-Transfer-Encoding: base64", inBase64("<p>€ 5 – ü"))},
		"text before and after parts":   {strings.Replace(mixed("multipart/mixed", "a", note), "--a\r\n", "This is MIME.\r\n--a\r\n", 1) + "the end", mixed("multipart/mixed", "a", note)},
		"attached message":              {mixed("multipart/mixed", "a", asMail), mixed("multipart/mixed", "a", entity("Content-Type: message/rfc822", strings.ReplaceAll(inner, "logo", "ATT1")))},
		"attached message encoded":      {mixed("multipart/mixed", "a", asMail), mixed("multipart/mixed", "a", entity("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", inBase64(inner)))},
		"signature renamed, line ends":  {mixed("multipart/signed", "a", signed, signature("smime.p7s")), mixed("multipart/signed", "b", strings.ReplaceAll(signed, "\r\n", "\n"), signature("ATT00001.p7s"))},
		"empty text":                    {mixed("multipart/mixed", "a", entity(plainUTF8, "\r\n"), file), mixed("multipart/mixed", "a", file)},
		"unknown charset encoded anew":  {entity("Content-Type: text/plain; charset=x-no-such", "\x01\xFF\r\n"), entity("Content-Type: text/plain; charset=x-no-such\nContent-Transfer-Encoding: base64", inBase64("\x01\xFF\n"))},
		"bytes that the charset has no": {entity("Content-Type: text/plain; charset=us-ascii", "\xFF!"), entity("Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable", "=FF!")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := contentOf(t, pair[0]), contentOf(t, pair[1])
			assert.NotEmpty(t, a.Parts)
			assert.ElementsMatch(t, a.Parts, b.Parts)
			assert.Equal(t, a.Unended, b.Unended)
		})
	}
}

// Losses and changes are noticed.
func TestContentDiffers(t *testing.T) {
	t.Parallel()
	long := entity(picture, inBase64(strings.Repeat("0123456789", 400)))
	whole := mixed("multipart/mixed", "a", note, file)
	page := func(body string) string { return entity(pageUTF8, "<body>"+body) }
	for name, pair := range map[string][2]string{
		"half of a text":               {note, entity(plainUTF8, umlauts[:len(umlauts)/2])},
		"a letter":                     {note, strings.Replace(note, "Köln", "Koln", 1)},
		"a line":                       {entity(plainUTF8, "a\r\n\r\nb"), entity(plainUTF8, "a\r\nb")},
		"an empty line in base64":      {entity(plainUTF8+"\nContent-Transfer-Encoding: base64", inBase64("a\n\nb")), entity(plainUTF8, "a\r\nb")},
		"HTML in an unknown charset":   {entity("Content-Type: text/html; charset=x-none", "<p>a"), entity("Content-Type: text/html; charset=x-none", "<p><b>a")},
		"blanks at the beginning":      {entity(plainUTF8, "a\r\n  b"), entity(plainUTF8, "a\r\nb")},
		"half of an attachment":        {long, entity(picture, inBase64(strings.Repeat("0123456789", 200)))},
		"base64 cut at a whole group":  {long, long[:len(long)-80]},
		"no final boundary":            {whole, strings.TrimSuffix(whole, "--a--\r\n")},
		"no final boundary inside":     {mixed("multipart/mixed", "o", whole), mixed("multipart/mixed", "o", strings.TrimSuffix(whole, "--a--\r\n"))},
		"no final boundary, attached":  {mixed("multipart/mixed", "a", asMail), mixed("multipart/mixed", "a", strings.Replace(asMail, "--in--", "", 1))},
		"an attachment":                {whole, mixed("multipart/mixed", "a", note)},
		"a second one like it":         {mixed("multipart/mixed", "a", note, file, file), whole},
		"subject":                      {"Subject: a\r\n\r\nx", "Subject: b\r\n\r\nx"},
		"subject of attached message":  {mixed("multipart/mixed", "a", asMail), mixed("multipart/mixed", "a", strings.Replace(asMail, "Subject: x", "Subject: y", 1))},
		"text of attached message":     {mixed("multipart/mixed", "a", asMail), mixed("multipart/mixed", "a", strings.Replace(asMail, "Bis", "bis", 1))},
		"link":                         {page(`<a href="https://a.example/1">x</a>`), page(`<a href="https://a.example/2">x</a>`)},
		"image":                        {page(`x<img src="cid:1">`), page("x")},
		"visible text":                 {page("<p>a<p>b"), page("<p>a")},
		"text behind an element":       {page("<b>a</b>b"), page("<b>a</b>c")},
		"text behind a style sheet":    {page("<style>p{}</style>b"), page("<style>p{}</style>c")},
		"what looks like a link":       {page(`<a href="x">y`), page(`href=xy`)},
		"signed bytes":                 {mixed("multipart/signed", "a", entity(plainUTF8, "a b"), file), mixed("multipart/signed", "a", entity(plainUTF8, "a  b"), file)},
		"header of what is signed":     {mixed("multipart/signed", "a", note, file), mixed("multipart/signed", "a", strings.Replace(note, "utf-8", "UTF-8", 1), file)},
		"S/MIME":                       {entity("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64", "QUJD"), entity("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64", "QUJE")},
		"PGP":                          {mixed("multipart/encrypted", "a", file, note), mixed("multipart/encrypted", "a", file, note[:len(note)-4])},
		"TNEF":                         {mixed("multipart/mixed", "a", note, entity("Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64", "eJ8+IgAA")), mixed("multipart/mixed", "a", note)},
		"damaged base64":               {entity(picture, "QUJ*DREVG"), entity(picture, "QUJ#DREVG")},
		"damaged attached message":     {mixed("multipart/mixed", "a", entity("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", "eDp5*Cgp4")), mixed("multipart/mixed", "a", entity("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", "eDp5Cgp4"))},
		"unknown charset":              {entity("Content-Type: text/plain; charset=x-no-such", "\xFF"), entity("Content-Type: text/plain; charset=x-no-such", "\xFE")},
		"bytes that the charset lacks": {entity("Content-Type: text/plain; charset=gb2312", "\xFF"), entity("Content-Type: text/plain; charset=gb2312", "\xFE")},
		"bytes that UTF-8 lacks":       {entity(plainUTF8, "\xFF"), entity(plainUTF8, "\xFE")},
		"unknown transfer encoding":    {entity(plainUTF8+"\nContent-Transfer-Encoding: x-uu", "a"), entity(plainUTF8+"\nContent-Transfer-Encoding: x-uu", "b")},
		"multipart without boundaries": {entity("Content-Type: multipart/mixed; boundary=q", "a"), entity("Content-Type: multipart/mixed; boundary=q", "b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := contentOf(t, pair[0]), contentOf(t, pair[1])
			slices.SortFunc(a.Parts, order)
			slices.SortFunc(b.Parts, order)
			assert.NotEqual(t, a, b)
		})
	}
}

func order(a, b mimescan.Part) int { return bytes.Compare(a.SHA256[:], b.SHA256[:]) }

// A text is an alternative only next to HTML.
func TestContentAlternatives(t *testing.T) {
	t.Parallel()
	alternatives := func(message string) (n int) {
		for _, p := range contentOf(t, message).Parts {
			if p.Alternative {
				assert.Equal(t, mimescan.KindText, p.Kind)
				n++
			}
		}
		return n
	}
	page := entity(pageUTF8, "<p>x")
	assert.Equal(t, 1, alternatives(mixed("multipart/alternative", "a", note, page)))
	assert.Equal(t, 1, alternatives(mixed("multipart/alternative", "a", note, mixed("multipart/related", "b", page, file))))
	assert.Zero(t, alternatives(mixed("multipart/alternative", "a", note)))
	assert.Zero(t, alternatives(mixed("multipart/mixed", "a", note, page)))
}

func TestContentKinds(t *testing.T) {
	t.Parallel()
	message := mixed("multipart/mixed", "a", note, entity(pageUTF8, "x"), file, asMail,
		entity("Content-Type: application/pkcs7-mime", "x"), entity("Content-Type: multipart/mixed", "x"), mixed("multipart/signed", "b", note, file))
	var kinds []mimescan.Kind
	for _, p := range contentOf(t, message).Parts {
		kinds = append(kinds, p.Kind)
	}
	assert.Equal(t, []mimescan.Kind{
		mimescan.KindSubject, mimescan.KindText, mimescan.KindHTML, mimescan.KindAttachment,
		mimescan.KindMessage, mimescan.KindText, mimescan.KindAttachment,
		mimescan.KindEncrypted, mimescan.KindRaw, mimescan.KindSigned, mimescan.KindAttachment,
	}, kinds)
}

// The content does not depend on how the message arrives.
func TestContentInPieces(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		mixed("multipart/mixed", "a", note, file, asMail), entity(plainUTF8, "\uFEFF\xEF\xBB\xEF\xBF\xBDx  \r \n\n"), entity("", "\xEF\xBB"),
		entity("Content-Type: text/plain; charset=gb2312", "\xFF \xEF\xBF\xBD"), entity("Content-Type: image/png", "a\nb\r\n\r\r\n"),
	} {
		c, err := mimescan.ReadContent(iotest.OneByteReader(strings.NewReader(message)))
		require.NoError(t, err)
		assert.Equal(t, contentOf(t, message), c, "%q", message)
	}
	_, err := mimescan.ReadContent(io.MultiReader(strings.NewReader(mixed("multipart/mixed", "a", note)), iotest.ErrReader(io.ErrUnexpectedEOF)))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// Content beyond the limits counts, too.
func TestContentLimits(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 500)
	many := entity("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\r\n\r\nx\r\n", 10_100))
	c := contentOf(t, many)
	assert.Len(t, c.Parts, 10_000, "one header, 9999 parts and the rest")
	assert.NotEqual(t, c, contentOf(t, many[:len(many)-3]+"y\r\n"), "what is beyond the limit counts")
	assert.NotEqual(t, contentOf(t, deep+"a"), contentOf(t, deep+"b"), "what is too deep counts")
}

// TestContentMemory counts allocations, so nothing else runs at the same time.
func TestContentMemory(t *testing.T) {
	for name, m := range map[string]struct {
		header, filler string
		size           int64
	}{
		"attachment": {picture, "QUJDREVGR0hJ\r\n", 30 << 20},
		"text":       {plainUTF8, "0123456789 0123456789 0123456789\r\n", 2 << 20},
		"blanks":     {plainUTF8, " \t", 512 << 10},
		"HTML":       {pageUTF8, "01234567 ", 6 << 20},
	} {
		before := allocated()
		_, err := mimescan.ReadContent(io.MultiReader(strings.NewReader(entity(m.header, "")), io.LimitReader(&repeated{text: m.filler}, m.size)))
		require.NoError(t, err)
		limit := uint64(1 << 20)
		if name == "HTML" {
			limit = 20 << 20 // a text is held until it is too long
		}
		if raced {
			limit += 2 * uint64(m.size) // the race detector empties pools
		}
		assert.Less(t, allocated()-before, limit, name)
	}
}

// allocated returns how many bytes have been allocated in total.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// An error of the reader is returned unchanged, wherever it occurs; there are no others.
func TestContentReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	message := mixed("multipart/mixed", "a", note, entity(pageUTF8, "<p>click <a href=x>here</a>"), file, asMail,
		entity("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable", "Gr=FC=DFe=20="))
	for cut := 0; cut < len(message); cut += 29 {
		_, err := mimescan.ReadContent(io.MultiReader(strings.NewReader(message[:cut]), iotest.ErrReader(broken)))
		require.Equal(t, broken, err, cut)
	}
}

// HTML with a tag that is too long to read counts as text, including the markup.
func TestContentOfEndlessTag(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4<<20)
	page := func(tag string) string { return entity(pageUTF8, "<p>see below<"+tag+" title="+long+">") }
	assert.NotEqual(t, contentOf(t, page("b")), contentOf(t, page("i")))
}
