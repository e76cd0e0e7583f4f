package ews_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

func inUTF16(s string, order binary.ByteOrder) string {
	var b bytes.Buffer
	binary.Write(&b, order, utf16.Encode([]rune(s)))
	return b.String()
}

// declared changes the XML declaration of a response.
func declared(s, encoding string) string {
	return strings.Replace(s, `encoding="utf-8"`, encoding, 1)
}

// A response is read in every encoding that XML and HTTP allow, and refused in any other,
// which the error names, however small the pieces in which it arrives.
func TestEncodings(t *testing.T) {
	t.Parallel()
	const subject = "発注書 ü 💰"
	body := soap(response(ews.OpGetItem, success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="I"/><t:Subject>`+subject+`</t:Subject></t:Message></m:Items>`)))
	latin := strings.NewReplacer(subject, "caf\xE9", `encoding="utf-8"`, `encoding='ISO-8859-1'`).Replace(body)
	for name, c := range map[string]struct {
		body   string
		coding string // Content-Encoding
		kind   string // Content-Type
		want   string // the subject, or part of the error
	}{
		"as it is":               {body, "", "", subject},
		"BOM":                    {"\xEF\xBB\xBF" + body, "", "", subject},
		"blank lines first":      {"\r\n \r\n" + body, "", "", subject},
		"no declaration":         {body[strings.Index(body, "?>")+2:], "", "", subject},
		"US-ASCII":               {strings.ReplaceAll(declared(body, `encoding="US-ASCII"`), subject, "&#xFC;"), "", "", "ü"},
		"single quotes":          {declared(body, `encoding='UTF-8' standalone='yes'`), "", "", subject},
		"XML 1.1":                {strings.Replace(body, `version="1.0"`, `version="1.1"`, 1), "", "", subject},
		"comments":               {strings.Replace(body, "?>", "?><!-- by a proxy --><?x y?>", 1) + "<!-- end -->\n", "", "", subject},
		"another prefix":         {strings.NewReplacer("<s:", "<SOAP-ENV:", "</s:", "</SOAP-ENV:", "xmlns:s=", "xmlns:SOAP-ENV=").Replace(body), "", "", subject},
		"HTML by its type":       {body, "", "text/html", subject},
		"SOAP 1.2 by its type":   {body, "", "application/soap+xml; charset=utf-8", subject},
		"identity":               {body, "identity", "", subject},
		"gzip":                   {gzipped(body), "gzip", "", subject},
		"GZIP":                   {gzipped(body), " GZIP", "", subject},
		"x-gzip":                 {gzipped(body), "x-gzip", "", subject},
		"gzip that is not said":  {gzipped(body), "", "", subject},
		"gzip in two parts":      {gzipped(body[:300]) + gzipped(body[300:]), "gzip", "", subject},
		"UTF-16LE":               {inUTF16("\uFEFF"+declared(body, `encoding="utf-16"`), binary.LittleEndian), "", "text/xml; charset=utf-16", subject},
		"UTF-16BE":               {inUTF16("\uFEFF"+declared(body, `encoding="UTF-16"`), binary.BigEndian), "", "", subject},
		"UTF-16LE without BOM":   {inUTF16(declared(body, `encoding="utf-16le"`), binary.LittleEndian), "", "", subject},
		"UTF-16BE without BOM":   {inUTF16(body, binary.BigEndian), "", "", subject},
		"UTF-16 in gzip":         {gzipped(inUTF16("\uFEFF"+body, binary.LittleEndian)), "gzip", "", subject},
		"Latin-1":                {latin, "", "", "café"},
		"Latin-1 in gzip":        {gzipped(latin), "", "", "café"},
		"Windows-1252":           {declared(body, `encoding="Windows-1252"`), "", "", `it is encoded in "windows-1252"`},
		"Shift_JIS":              {declared(body, `encoding = 'Shift_JIS'`), "", "", `it is encoded in "shift_jis"`},
		"deflate":                {deflated(body), "deflate", "", subject},
		"br":                     {"\x8b\x02\x80", "br", "", `the response is encoded as "br" (Content-Encoding)`},
		"gzip that is none":      {body, "gzip", "", subject},
		"gzip, cut":              {gzipped(body)[:150], "gzip", "", "unexpected EOF"},
		"gzip, cut at the end":   {gzipped(body)[:len(gzipped(body))-1], "gzip", "", "unexpected EOF"},
		"UTF-16, cut in a pair":  {inUTF16("\uFEFF"+body, binary.LittleEndian)[:901], "", "", "unexpected EOF"},
		"UTF-16, cut elsewhere":  {inUTF16("\uFEFF"+body, binary.LittleEndian)[:900], "", "", "unexpected EOF"},
		"garbage behind it":      {body + "\r\n<!-- /EWS -->garbage", "", "", "text outside the root element"},
		"a document type":        {strings.Replace(body, "?>", `?><!DOCTYPE s [<!ENTITY a "aaaa">]>`, 1), "", "", "document type"},
		"two documents":          {body + body, "", "", "a second answer follows it"},
		"two documents in gzip":  {gzipped(body + body), "gzip", "", "a second answer follows it"},
		"two documents, UTF-16":  {inUTF16(body+body, binary.BigEndian), "", "", "a second answer follows it"},
		"half a document, UTF-8": {body[:len(body)/2], "", "", "unexpected EOF"},
	} {
		for _, small := range []bool{false, true} {
			t.Run(fmt.Sprint(name, small), func(t *testing.T) {
				t.Parallel()
				srv := serve(func(r *http.Request, _ string) (*http.Response, error) {
					resp, err := respondWith(200, c.body, http.Header{"Content-Encoding": {c.coding}, "Content-Type": {c.kind}})(r, "")
					if small {
						resp.Body = io.NopCloser(iotest.DataErrReader(iotest.OneByteReader(resp.Body)))
					}
					return resp, err
				})
				items, err := newClient(t, srv, &ews.Options{ReadAttempts: 1}).GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{{ID: "I"}}})
				if err != nil {
					require.ErrorContains(t, err, c.want)
					assert.NotContains(t, err.Error(), "web page")
					return
				}
				require.NoError(t, items[0].Err)
				assert.Equal(t, c.want, items[0].Value.Subject)
			})
		}
	}
}

func deflated(s string) string {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, 5)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// The same applies to a stream, a fault and a page, and an error of the connection is
// returned as it is.
func TestEncodingsElsewhere(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("Subject: x\r\n\r\n", 3000)
	whole := declared(mimeAnswer(base64.StdEncoding.EncodeToString([]byte(content))), `encoding="utf-16"`)
	m, err := newClient(t, serve(respond(200, gzipped(inUTF16(whole, binary.BigEndian)))), nil).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
	require.NoError(t, err)
	assert.Equal(t, content, readAll(t, m))

	m, err = newClient(t, serve(respond(200, inUTF16(whole, binary.LittleEndian)[:len(whole)])), &ews.Options{ReadAttempts: 1}).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
	require.NoError(t, err)
	_, err = io.ReadAll(m)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	err = failing(t, respond(500, inUTF16("\uFEFF"+fault("ErrorAccessDenied", ""), binary.LittleEndian)))
	require.ErrorIs(t, err, ews.ErrAccessDenied)
	err = failing(t, respond(503, gzipped("<html><title>Down</title></html>")))
	require.ErrorContains(t, err, `"Down"`)
	err = failing(t, respondWith(503, "", http.Header{"Content-Encoding": {"br"}}))
	require.ErrorIs(t, err, ews.ErrThrottled, "its status says enough")

	cut := errors.New("cut")
	err = failing(t, func(r *http.Request, _ string) (*http.Response, error) {
		resp, err := respond(200, "")(r, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("<"), iotest.ErrReader(cut)))
		return resp, err
	})
	require.ErrorIs(t, err, cut)
	_, isTransport := errors.AsType[*ews.TransportError](err)
	assert.True(t, isTransport, "%T", err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}
