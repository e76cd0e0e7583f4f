package ews_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const wireMail = "From: m@evil.example\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nthe-body-of-the-message\r\n"

// pieces returns a body a few bytes at a time, as networks do.
type pieces struct{ r io.Reader }

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 31)]) }

// TestWireShowsNoContents unless they are requested by name.
func TestWireShowsNoContents(t *testing.T) {
	t.Parallel()
	for _, bodies := range []bool{false, true} {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		it := srv.Mailbox("alice@example.test").Deliver([]byte(wireMail))
		srv.Mailbox("bob@example.test")
		var out bytes.Buffer
		client := srv.Client("svc", &ews.Options{Wire: &out, WireBodies: bodies})
		alice, bob := client.Impersonating("alice@example.test"), client.Impersonating("bob@example.test")
		message, err := alice.OpenMIME(t.Context(), it.ID)
		require.NoError(t, err)
		text := readAll(t, message)
		require.NoError(t, message.Close())
		exports, err := alice.ExportItems(t.Context(), []ews.ItemID{it.ID})
		require.NoError(t, err)
		require.True(t, exports.Next())
		data := readAll(t, exports.Reader())
		require.False(t, exports.Next())
		require.NoError(t, exports.Err())
		into, err := bob.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
		require.NoError(t, err)
		parent := ews.FolderID{ID: into[0].Value.ID.ID}
		_, err = bob.UploadItems(t.Context(), []ews.UploadItem{{Parent: parent, Data: ews.Content{
			Size: -1, Base64: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(pieces{strings.NewReader(data)}), nil },
		}}})
		require.NoError(t, err)
		_, err = bob.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte(wireMail))})
		require.NoError(t, err)

		shown := out.String()
		for _, content := range []string{
			base64.StdEncoding.EncodeToString([]byte(text))[40:], data[:100], data[len(data)-100:],
			base64.StdEncoding.EncodeToString([]byte(wireMail))[40:],
		} {
			assert.Equal(t, bodies, strings.Contains(strings.Join(strings.Fields(shown), ""), content), "%v", bodies)
		}
		for _, part := range []string{
			">>> GetItem http", ">>> ExportItems ", ">>> UploadItems ", ">>> CreateItem ", `mailbox "alice@example.test", attempt 1`,
			"User-Agent: ewsquarantine/1\n", "X-Anchormailbox: bob@example.test\n", "<t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress>",
			"200 OK, after ", "ResponseCode>NoError</", "</m:UploadItems></s:Body></s:Envelope>",
		} {
			assert.Contains(t, shown, part)
		}
		assert.Equal(t, !bodies, strings.Contains(shown, " bytes not shown]</"), shown)
		assert.Equal(t, 5, strings.Count(shown, ">>> "))
	}
}

// TestWireKnowsContents, whatever they look like, and hides nothing else.
func TestWireKnowsContents(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long text ", 200)
	for name, tc := range map[string]struct{ body, want, bodies string }{
		"body":               {"<t:Body BodyType='HTML'>&lt;p>secret&lt;/p></t:Body><t:X>1</t:X>", "<t:Body BodyType='HTML'>[19 bytes not shown]</t:Body><t:X>1</t:X>", "&lt;p>secret"},
		"no prefix":          {"<TextBody>secret</TextBody>", "<TextBody>[6 bytes not shown]</TextBody>", "secret"},
		"section":            {"<t:Preview><![CDATA[a]]b<secret>]]></t:Preview><t:X/>", "<t:Preview>[21 bytes not shown]</t:Preview><t:X/>", "a]]b<secret>"},
		"markup within":      {"<t:Body><p a='secret'>secret</p><br/></t:Body><t:X/>", "<t:Body>[29 bytes not shown]</t:Body><t:X/>", "secret"},
		"attachment":         {"<t:Content>c2VjcmV0</t:Content>", "<t:Content>[8 bytes not shown]</t:Content>", "c2VjcmV0"},
		"empty":              {"<t:Body/><t:X>1</t:X>", "<t:Body/><t:X>1</t:X>", "<t:Body/>"},
		"nothing in it":      {"<t:Body></t:Body>", "<t:Body>[0 bytes not shown]</t:Body>", "<t:Body></t:Body>"},
		"long":               {"<t:Unknown>" + long + "</t:Unknown>", "<t:Unknown>[2000 bytes not shown]</t:Unknown>", long},
		"long section":       {"<t:Unknown><![CDATA[" + long + "]]></t:Unknown>", "<t:Unknown>[2000 bytes not shown]</t:Unknown>", long},
		"comment":            {"<t:X><!-- secret --></t:X>", "<t:X><!-- [8 bytes not shown] --></t:X>", "<!-- [8 bytes not shown] -->"},
		"sign in attribute":  {`<t:X a="1>2 <t:Body>">1</t:X>`, `<t:X a="1>2 <t:Body>">1</t:X>`, "1>2"},
		"header":             {`<t:InternetMessageHeader HeaderName="To">secret</t:InternetMessageHeader>`, `HeaderName="To">[6 bytes not shown]<`, "secret"},
		"controls":           {"<t:X>\x1b[2J\r\n</t:X>", "<t:X>\uFFFD[2J\r\n</t:X>", "\uFFFD[2J"},
		"credential":         {"<t:TokenValue>secret</t:TokenValue>", "<t:TokenValue>[6 bytes not shown]</t:TokenValue>", "[6 bytes not shown]"},
		"body as a property": {`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x1000" PropertyType="String"/><t:Value>secret</t:Value></t:ExtendedProperty>`, "<t:Value>[6 bytes not shown]</t:Value>", "<t:Value>secret</t:Value>"},
		"headers in decimal": {`<t:ExtendedFieldURI PropertyType='String' PropertyTag = '125'></t:ExtendedFieldURI><t:Value>secret</t:Value>`, "<t:Value>[6 bytes not shown]</t:Value>", "<t:Value>secret</t:Value>"},
		"another property":   {`<t:ExtendedFieldURI PropertyTag="0x1000"/><t:Value>secret</t:Value><t:ExtendedFieldURI PropertyTag="0x10F3"/><t:Value>1</t:Value>`, "<t:Value>1</t:Value>", "<t:Value>1</t:Value>"},
		"no end":             {"<t:Body>secret", "<t:Body>[6 bytes not shown, and no end]\n", "secret"},
		"a body in the body": {"<t:Items><t:Message><t:Body>secret</t:Body></t:Message></t:Items>", "<t:Body>[6 bytes not shown]</t:Body>", "secret"},
	} {
		for _, bodies := range []bool{false, true} {
			answer := soap("<m:GetFolderResponse>" + tc.body + "</m:GetFolderResponse>")
			if name == "no end" {
				answer = "<s:Envelope><s:Body>" + tc.body
			}
			var out bytes.Buffer
			c := newClient(t, respondInPieces(answer), &ews.Options{Wire: &out, WireBodies: bodies, ReadAttempts: 1})
			require.Error(t, getFolder(t.Context(), c))
			shown := out.String()
			want := tc.want
			if bodies {
				want = tc.bodies
			}
			assert.Contains(t, shown, want, "%s %v", name, bodies)
			if name == "credential" || !bodies {
				assert.NotContains(t, shown, "secret", name)
			}
			assert.Contains(t, shown, "<s:Body>", "that of SOAP is shown")
		}
	}
}

func respondInPieces(answer string) http.RoundTripper {
	return serve(func(r *http.Request, _ string) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Request: r, Body: io.NopCloser(pieces{strings.NewReader(answer)})}, nil
	})
}

// TestWireShowsNoCredentials: neither those that the transport adds nor those that the
// server echoes or sets, whatever is requested.
func TestWireShowsNoCredentials(t *testing.T) {
	t.Parallel()
	const token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.a-token-of-some-length.0123456789abcdef"
	for _, bodies := range []bool{false, true} {
		var out bytes.Buffer
		signed := serve(func(r *http.Request, _ string) (*http.Response, error) {
			added := r.Clone(r.Context())
			added.Header.Set("Authorization", "Bearer "+token)
			added.Header.Set("X-Gateway-Key", "Key the-key-of-a-gateway")
			added.Header.Set("Via", "1.1 a")
			return &http.Response{StatusCode: 500, Request: added, Header: http.Header{
				"Content-Type": {"text/html"}, "Set-Cookie": {"X-BackEndCookie=a-cookie-for-a-session; path=/"}, "X-Debug": {"got Bearer " + token + "\r\nforged: 1"}, "X-Key": {"the-key-of-a-gateway"}, "Via": {"1.1 a"},
				"Www-Authenticate": {"NTLM TlRMTVNTUAACAAAA"},
			}, Body: io.NopCloser(strings.NewReader("<html>Authorization: Bearer " + token + "<p>a-cookie-for-a-session</html>"))}, nil
		})
		c := newClient(t, signed, &ews.Options{Wire: &out, WireBodies: bodies, ReadAttempts: 1})
		for range 2 {
			_, err := c.GetFolder(t.Context(), getInbox)
			require.Error(t, err)
		}
		shown := out.String()
		for _, secret := range []string{token, token[:30], token[40:], "a-cookie-for", "TlRMTVNTUAACAAAA", "the-key-of-a-gateway"} {
			assert.NotContains(t, shown, secret)
		}
		assert.NotContains(t, shown, "\nforged:")
		for _, part := range []string{"X-Debug: got Bearer [redacted]", "X-Key: [redacted]\n", "Via: 1.1 a\n", "Set-Cookie: X-BackEndCookie=[not shown]\n", "Www-Authenticate: NTLM [not shown]\n", "Cookie: X-BackEndCookie=[not shown]\n"} {
			assert.Contains(t, shown, part)
		}
	}
}

// TestWireOfABrokenConnection shows what was sent, and why no response arrived.
func TestWireOfABrokenConnection(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newClient(t, serve(fail(io.ErrUnexpectedEOF)), &ews.Options{Wire: &out, ReadAttempts: 1})
	_, err := c.GetFolder(t.Context(), getInbox)
	require.Error(t, err)
	assert.Contains(t, out.String(), "</m:GetFolder></s:Body></s:Envelope>\n<<< no response, after ")
	assert.Contains(t, out.String(), "!!! ")
	assert.Contains(t, out.String(), io.ErrUnexpectedEOF.Error())
}

// full is a writer that fails.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWireThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	c := newClient(t, serve(ok(ews.OpGetFolder, goodFolder)), &ews.Options{Wire: full{}})
	require.NoError(t, getFolder(t.Context(), c))
	_, err := ews.NewClient(endpoint, &ews.Options{WireBodies: true})
	assert.ErrorContains(t, err, "Options.WireBodies")
}

// TestWireIsCut: what is too long to be read by a person is not kept either.
func TestWireIsCut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	row := "<t:Body>" + strings.Repeat("x", 1<<20) + "</t:Body>"
	answer := respond(200, soap("<m:GetFolderResponse>"+strings.Repeat(row, 5)+"</m:GetFolderResponse>"))
	c := newClient(t, serve(answer), &ews.Options{Wire: &out, WireBodies: true, ReadAttempts: 1})
	require.Error(t, getFolder(t.Context(), c))
	require.Greater(t, out.Len(), 4<<20)
	assert.Regexp(t, `\[\d+ more bytes not shown\]`, string(out.Bytes()[out.Len()-200:]))
	assert.Less(t, out.Len(), 4<<20+8<<10)
}

// TestWireShowsNoOddCredentials, such as those without a scheme or with unusual names.
func TestWireShowsNoOddCredentials(t *testing.T) {
	t.Parallel()
	for _, bodies := range []bool{false, true} {
		var out bytes.Buffer
		answer := func(r *http.Request, _ string) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Request: r, Header: http.Header{
				"Content-Type": {"text/xml"}, "Authentication-Info": {"a-secret"}, "Www-Authenticate": {"Negotiate\ta-secret", "Negotiate", "a-secret-YIIJvwYGKwYBBQUC"},
				"Set-Cookie2": {"k=a-secret; path=/"}, "X-Owa-Canary": {"a-secret"}, "X-Auth-Token": {"a-secret"}, "X-Vault-Secret": {"a-secret"}, "X-Api-Key": {"a-secret"},
				"X-Session-Ticket": {"a-secret"}, "X-Oauth-Enabled": {"True"},
			}, Body: io.NopCloser(strings.NewReader(soap("<m:GetFolderResponse>" +
				`<o:BinarySecurityToken xmlns:o="urn:o">a-secret</o:BinarySecurityToken><t:ProxyPassword>a-secret</t:ProxyPassword><e:CipherValue xmlns:e="urn:e">a-secret</e:CipherValue>` +
				`<t:PasswordExpirationDate>2026-11-29</t:PasswordExpirationDate></m:GetFolderResponse>`)))}, nil
		}
		c := newClient(t, serve(answer), &ews.Options{Wire: &out, WireBodies: bodies, ReadAttempts: 1})
		require.Error(t, getFolder(t.Context(), c))
		shown := out.String()
		assert.NotContains(t, shown, "a-secret")
		for _, part := range []string{"Www-Authenticate: Negotiate\n", "X-Oauth-Enabled: True\n", "X-Auth-Token: [not shown]\n", "BinarySecurityToken xmlns:o=\"urn:o\">[8 bytes not shown]<", ">2026-11-29<"} {
			assert.Contains(t, shown, part)
		}
	}
}
