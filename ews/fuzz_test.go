package ews_test

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// decoders are calls that read the response of each family of operations.
var decoders = map[ews.Operation]func(ctx context.Context, c *ews.Client) error{
	ews.OpGetFolder: func(ctx context.Context, c *ews.Client) error {
		r, err := c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{inbox(), inbox()}})
		return first(err, r.Err())
	},
	ews.OpFindFolder: func(ctx context.Context, c *ews.Client) error {
		_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: inbox()})
		return err
	},
	ews.OpFindItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.FindItem(ctx, ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}})
		return first(err, r.Err())
	},
	ews.OpGetItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.GetItem(ctx, ews.GetItemRequest{IDs: threeIDs})
		return first(err, r.Err())
	},
	ews.OpCreateFolder: func(ctx context.Context, c *ews.Client) error {
		r, err := c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: inbox(), Folders: []ews.FolderSpec{{DisplayName: "x"}}})
		return first(err, r.Err())
	},
	ews.OpCreateItem: func(ctx context.Context, c *ews.Client) error {
		_, err := c.CreateItem(ctx, ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte("x"))})
		return err
	},
	ews.OpUpdateItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{{ID: threeIDs[0], Changes: []ews.Change{ews.DeleteField{Property: stampField}}}}})
		return first(err, r.Err())
	},
	ews.OpMoveItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.MoveItem(ctx, ews.MoveItemRequest{IDs: threeIDs[:1], To: inbox()})
		return first(err, r.Err())
	},
	ews.OpCopyItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.CopyItem(ctx, ews.CopyItemRequest{IDs: threeIDs[:1], To: inbox()})
		return first(err, r.Err())
	},
	ews.OpDeleteItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.DeleteItem(ctx, deletion(false))
		return first(err, r.Err())
	},
	ews.OpExportItems: func(ctx context.Context, c *ews.Client) error {
		exports, err := c.ExportItems(ctx, threeIDs[:2])
		if err != nil {
			return err
		}
		defer exports.Close()
		for exports.Next() {
			if itemErr := exports.ItemErr(); itemErr != nil {
				err = first(err, itemErr)
				continue
			}
			read := exports.Reader
			if exports.Index() == 1 {
				read = exports.Decoded
			}
			_, copyErr := io.Copy(io.Discard, read())
			err = first(err, copyErr)
		}
		return first(err, exports.Err())
	},
	ews.OpUploadItems: func(ctx context.Context, c *ews.Client) error {
		r, err := c.UploadItems(ctx, []ews.UploadItem{{Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte("x"))}, {Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte("x"))}})
		return first(err, r.Err())
	},
	ews.OpExpandDL: func(ctx context.Context, c *ews.Client) error {
		_, err := c.ExpandDL(ctx, ews.Mailbox{EmailAddress: "x@example.test"})
		return err
	},
	ews.OpResolveNames: func(ctx context.Context, c *ews.Client) error {
		_, err := c.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "x"})
		return err
	},
	ews.OpConvertID: func(ctx context.Context, c *ews.Client) error {
		r, err := c.ConvertID(ctx, ews.ConvertIDRequest{To: ews.FormatOWAID, IDs: []ews.AlternateID{{Format: ews.FormatEWSID, ID: "x", Mailbox: "y"}}})
		return first(err, r.Err())
	},
}

var threeIDs = []ews.ItemID{{ID: "0"}, {ID: "1"}, {ID: "2"}}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// once is a client that reads one response and gives up.
func once(t testing.TB, status int, body string) *ews.Client {
	return newClient(t, serve(respond(status, body)), &ews.Options{ReadAttempts: 1})
}

// judge calls everything that can be called on an error.
func judge(t testing.TB, err error) {
	if err == nil {
		return
	}
	if len(err.Error()) > 4000 {
		t.Errorf("error text of %d bytes", len(err.Error()))
	}
	if ews.NotSent(err) && !ews.NotExecuted(err) {
		t.Errorf("not sent, but perhaps executed: %v", err)
	}
	if ews.NotExecuted(err) && ews.Ambiguous(err) {
		t.Errorf("both certain and ambiguous: %v", err)
	}
	ews.IsTransient(err)
	ews.BackOff(err)
}

func seed(f *testing.F, ops ...ews.Operation) {
	paths, err := filepath.Glob(filepath.Join("testdata", "responses", "*.xml"))
	if err != nil || len(paths) == 0 {
		f.Fatal("no fixtures", err)
	}
	if dir, found := shared(f, "ews-doc-samples", "response"); found {
		more, err := filepath.Glob(filepath.Join(dir, "*.xml"))
		if err != nil {
			f.Fatal(err)
		}
		paths = append(paths, more...)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, op := range ops {
		f.Add([]byte(soap(response(op, success(op, `<m:Items><t:Message><t:ItemId Id="I"/></t:Message></m:Items>`)))))
		f.Add([]byte(soap(response(op, refusal(op, "ErrorServerBusy")))))
	}
}

func fuzz(f *testing.F, ops ...ews.Operation) {
	seed(f, ops...)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range ops {
			judge(t, decoders[op](t.Context(), once(t, http.StatusOK, string(body))))
		}
	})
}

func FuzzFolders(f *testing.F) { fuzz(f, ews.OpGetFolder, ews.OpFindFolder, ews.OpCreateFolder) }

func FuzzItems(f *testing.F) { fuzz(f, ews.OpFindItem, ews.OpGetItem) }

func FuzzWrites(f *testing.F) {
	fuzz(f, ews.OpCreateItem, ews.OpUpdateItem, ews.OpMoveItem, ews.OpCopyItem, ews.OpDeleteItem, ews.OpUploadItems)
}

func FuzzDirectory(f *testing.F) { fuzz(f, ews.OpExpandDL, ews.OpResolveNames, ews.OpConvertID) }

// FuzzExport also checks that no export reported as complete ends in the marker.
func FuzzExport(f *testing.F) {
	seed(f, ews.OpExportItems)
	f.Add([]byte(soap(response(ews.OpExportItems, exported("0", "QUJD=== Truncated Data ===")))))
	f.Add([]byte(soap(response(ews.OpExportItems, exported("0", "QUJD===\xfa\xfa\xfa\xfa\xfa Truncated Data ===")))))
	f.Fuzz(func(t *testing.T, body []byte) {
		judge(t, decoders[ews.OpExportItems](t.Context(), once(t, http.StatusOK, string(body))))
		exports, err := once(t, http.StatusOK, string(body)).ExportItems(t.Context(), threeIDs[:1])
		if err != nil {
			return
		}
		defer exports.Close()
		for exports.Next() {
			text, err := io.ReadAll(exports.Reader())
			if err == nil && (len(text) == 0 || len(text)%4 != 0 || strings.HasSuffix(string(text), "===")) {
				t.Errorf("called complete: %q", text)
			}
		}
	})
}

func FuzzMIME(f *testing.F) {
	seed(f, ews.OpGetItem)
	f.Add([]byte(mimeAnswer("QUJD")))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := once(t, http.StatusOK, string(body)).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
		if err != nil {
			judge(t, err)
			return
		}
		defer m.Close()
		b, err := io.ReadAll(m)
		judge(t, err)
		if err == nil && len(b) == 0 {
			t.Error("an empty MIME was called complete")
		}
	})
}

// FuzzMIMEs reads the MIME of several items: MIME reported as complete has content.
func FuzzMIMEs(f *testing.F) {
	seed(f, ews.OpGetItem)
	f.Add([]byte(mimesAnswer(mimeOf("0", "QUJD"), refusal(ews.OpGetItem, "ErrorItemNotFound"), mimeOf("2", "QUJD"))))
	f.Add([]byte(mimesAnswer(mimeOf("0", "QUJD"), mimeOf("2", "QUJD"))))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := once(t, http.StatusOK, string(body)).OpenMIMEs(t.Context(), threeIDs)
		if err != nil {
			judge(t, err)
			return
		}
		defer m.Close()
		n := 0
		for ; m.Next(); n++ {
			if err := m.ItemErr(); err != nil {
				judge(t, err)
				continue
			}
			if n == 1 {
				continue // its content is skipped
			}
			b, err := io.ReadAll(m.MIME())
			judge(t, err)
			if err == nil && len(b) == 0 {
				t.Error("an empty MIME was called complete")
			}
		}
		judge(t, m.Err())
		if n > len(threeIDs) || n < len(threeIDs) && m.Err() == nil {
			t.Errorf("%d items without an error", n)
		}
	})
}

// FuzzRefusals reads responses as faults and pages of any status.
func FuzzRefusals(f *testing.F) {
	seed(f)
	f.Add([]byte("<html><head><title>&#x1f;x</title>"))
	f.Add([]byte("<title>\xffu\xc3\xfc\xc3</title"))
	f.Add([]byte(fault("ErrorServerBusy", backOffFive)))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, status := range []int{200, 302, 400, 401, 500, 503} {
			err := decoders[ews.OpDeleteItem](t.Context(), once(t, status, string(body)))
			if err == nil && status != 200 && status != 500 {
				t.Errorf("status %d counted as success", status)
			}
			judge(t, err)
		}
	})
}

// FuzzBase64Content: whatever passes as base64 is base64, and cannot leave its element.
func FuzzBase64Content(f *testing.F) {
	for _, s := range []string{"QUJD", "QQ==", "QQ=\n=", "QUJD\r\nREVG", "QUJD<", "Q===", "=", "QUJD=== Truncated Data ==="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		srv := serve(ok(ews.OpCreateItem, created))
		content := contentOf(func() io.Reader { return strings.NewReader(text) }, -1)
		content.Base64 = true
		err := create(t.Context(), newClient(t, srv, nil), content)
		valid := validBase64(text)
		if valid != (err == nil) {
			t.Errorf("%q: valid %t, error %v", text, valid, err)
		}
	})
}

// validBase64 is the grammar of base64Binary (XML Schema part 2, 3.2.16), except
// for its canonical last digit.
func validBase64(s string) bool {
	s = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
	digits := strings.TrimRight(s, "=")
	for _, c := range digits {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c) {
			return false
		}
	}
	return digits != "" && len(s)%4 == 0 && len(s)-len(digits) <= 2
}

// judgeAll judges each of the errors that Do joins.
func judgeAll(t testing.TB, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		judge(t, err)
		return
	}
	for _, one := range joined.Unwrap() {
		judge(t, one)
	}
}

// FuzzDo: whatever the caller passes, the server gets one operation in the body, and
// whatever the server answers becomes an error or one element.
func FuzzDo(f *testing.F) {
	f.Add("<m:X/>", soap("<m:XResponse/>"))
	f.Add(doInbox, soap(response(ews.OpGetFolder, success(ews.OpGetFolder, ""), refusal(ews.OpGetFolder, "ErrorItemNotFound"))))
	f.Add("<m:X a='&lt;'><!-- </s:Body> --><![CDATA[</s:Body>]]></m:X>", soap("<m:XResponse a='<' ResponseClass='Error'/>"))
	f.Add("<m:A/></s:Body><s:Body><m:B/>", soap("<m:AResponse>")+"<m:B/>")
	f.Add("<XRequest xmlns='http://schemas.microsoft.com/exchange/services/2006/messages'/>", soap("<m:XResponse><m:R ResponseClass='Warning'/></m:XResponse>"))
	f.Fuzz(func(t *testing.T, body, answer string) {
		srv := serve(respond(200, answer))
		resp, err := newClient(t, srv, nil).Do(t.Context(), ews.DoRequest{Body: []byte(body)})
		judgeAll(t, err)
		if resp == nil && err == nil {
			t.Error("neither a response nor an error")
		}
		if resp != nil && (!strings.HasPrefix(string(resp.XML), "<") || !strings.Contains(string(resp.XML), string(resp.Operation)+"Response")) {
			t.Errorf("not the element: %q", resp.XML)
		}
		for _, r := range srv.seen() {
			var read struct {
				Header []struct {
					Inner []struct{} `xml:",any"`
				} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Header"`
				Body []struct {
					Inner []struct {
						XMLName xml.Name
					} `xml:",any"`
				} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
			}
			if err := xml.Unmarshal([]byte(r.body), &read); err != nil {
				t.Fatalf("not well-formed: %v\n%s", err, r.body)
			}
			if len(read.Header) != 1 || len(read.Header[0].Inner) != 1 || len(read.Body) != 1 || len(read.Body[0].Inner) != 1 ||
				read.Body[0].Inner[0].XMLName.Space != "http://schemas.microsoft.com/exchange/services/2006/messages" {
				t.Fatalf("another envelope: %s", r.body)
			}
		}
	})
}

// FuzzWire: whatever a server answers, in pieces of any size, is shown as one text
// without control characters.
func FuzzWire(f *testing.F) {
	for _, seed := range []string{
		"", "<m:X><t:Body>a</t:Body></m:X>", "<![CDATA[<t:Body>]]>", "<!-- <t:Body> -->", "<x a='<t:Body>'/>", "<t:Body><br></t:Body>",
		"<?xml version='1.0'?><t:MimeContent>", "</x></y>", "<t:Data/><t:Data", "]]>-->", "<!DOCTYPE html><html>\x1b[2J",
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		var out strings.Builder
		srv := serve(func(r *http.Request, _ string) (*http.Response, error) {
			body := cutBody{strings.NewReader(text), 1 + max(0, size)%100}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(body)}, nil
		})
		c := newClient(t, srv, &ews.Options{Wire: &out, ReadAttempts: 1})
		_, err := c.Do(t.Context(), ews.DoRequest{Body: []byte("<m:X/>")})
		judgeAll(t, err)
		shown := out.String()
		if !utf8.ValidString(shown) || strings.ContainsAny(shown, "\x00\x07\x1b\x7f") {
			t.Errorf("control characters or no text: %q", shown)
		}
		if len(shown) > 3*len(text)+8<<10 {
			t.Errorf("%d bytes become %d", len(text), len(shown))
		}
	})
}

// cutBody returns a body in pieces.
type cutBody struct {
	io.Reader
	size int
}

func (c cutBody) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(len(p), c.size)]) }
