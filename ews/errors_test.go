package ews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// failing returns the error of a read that is not repeated.
func failing(t *testing.T, answer answerFunc) error {
	t.Helper()
	c := newClient(t, serve(answer), &ews.Options{ReadAttempts: 1}).ForMailbox("alice@example.test")
	_, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
	require.Error(t, err)
	return err
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "responses", name))
	require.NoError(t, err)
	return string(b)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		want   ews.ResponseError
		is     error
	}{
		"fault_server_busy.xml": {500, ews.ResponseError{
			Code: "ErrorServerBusy", Message: "The server cannot service this request right now. Try again later.", BackOff: 297749 * time.Millisecond,
		}, ews.ErrThrottled},
		"fault_backoff_messages.xml": {200, ews.ResponseError{Code: "ErrorServerBusy", Message: "Too busy.", BackOff: 5 * time.Second}, ews.ErrThrottled},
		"fault_no_detail.xml":        {500, ews.ResponseError{Code: "ErrorImpersonateUserDenied", Message: "No."}, ews.ErrAccessDenied},
		"fault_2007.xml":             {500, ews.ResponseError{Code: "Client", Message: "An internal server error occurred."}, nil},
		"fault_schema.xml": {500, ews.ResponseError{
			Code: "ErrorSchemaValidation", Message: "The request failed schema validation. The element 'ItemIds' is unexpected.",
		}, nil},
		"fault_inner.xml": {500, ews.ResponseError{
			Code: "ErrorInternalServerError", Inner: "ErrorServerBusy", Message: "An internal server error occurred.", BackOff: time.Second,
		}, ews.ErrThrottled},
		"fault_property.xml": {500, ews.ResponseError{
			Code: "ErrorInvalidPropertyRequest", Message: "Property cannot be requested.", Property: "11111111-2222-3333-4444-555555555555/Name",
		}, nil},
		"fault_unknown_code.xml": {500, ews.ResponseError{Code: "ErrorFromTheFuture", Message: "New."}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := failing(t, respondWith(tt.status, fixture(t, name), http.Header{
				"Request-Id": {"req-1"}, "X-Feserver": {"FE1"}, "X-Targetbeserver": {"BE1.example.test"},
			}))
			e, ok := errors.AsType[*ews.ResponseError](err)
			require.True(t, ok, "%T: %v", err, err)
			want := tt.want
			want.Operation, want.Mailbox, want.Fault, want.HTTPStatus = ews.OpGetFolder, "alice@example.test", true, tt.status
			want.RequestID, want.Server = "req-1", "FE1, BE1.example.test"
			assert.Equal(t, want, *e)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
			back, hinted := ews.BackOff(err)
			assert.Equal(t, tt.want.BackOff, back)
			assert.Equal(t, tt.want.BackOff > 0, hinted)
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	html := `<!DOCTYPE html><html><head><title>Server Error in &#39;/EWS&#39;
		Application</title></head><body>secret body</body></html>`
	tests := map[string]struct {
		status    int
		body      string
		header    http.Header
		is        []error
		isNot     []error
		says      []string
		transient bool
		refused   bool // certainly not executed
	}{
		"sign-in page":     {status: 200, body: html, says: []string{"ewsUrl", "/EWS/Exchange.asmx"}},
		"text":             {status: 200, body: "It works!", says: []string{"ewsUrl"}},
		"other XML":        {status: 200, body: `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, says: []string{"ewsUrl"}},
		"empty":            {status: 200, says: []string{"empty response"}, transient: true},
		"blank":            {status: 200, body: " \r\n", says: []string{"empty response"}, transient: true},
		"moved":            {status: 302, header: http.Header{"Location": {"https://other.example.test/EWS/x?secret"}}, says: []string{"redirects are not followed", "ewsUrl", `"other.example.test"`}},
		"outage":           {status: 302, header: http.Header{"Location": {"/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"}}, says: []string{"error page"}, transient: true},
		"bad request":      {status: 400, says: []string{"maxReceivedMessageSize"}, refused: true},
		"unauthorized":     {status: 401, body: soap(""), is: []error{ews.ErrUnauthorized}, says: []string{"authentication.username", "authentication.password"}, refused: true},
		"forbidden":        {status: 403, is: []error{ews.ErrAccessDenied}, isNot: []error{ews.ErrUnauthorized}, says: []string{"EWSEnabled", "EwsAllowedAppIDs"}, refused: true},
		"not found":        {status: 404, isNot: []error{ews.ErrNotFound}, says: []string{"ewsUrl"}, refused: true},
		"not allowed":      {status: 405, says: []string{"ewsUrl"}, refused: true},
		"proxy":            {status: 407, says: []string{"useProxy", "proxyUrl"}, refused: true},
		"too large":        {status: 413, says: []string{"maxAllowedContentLength"}, refused: true},
		"too many":         {status: 429, header: http.Header{"Retry-After": {"7"}}, is: []error{ews.ErrThrottled}, transient: true, refused: true},
		"login timeout":    {status: 440, is: []error{ews.ErrUnauthorized}, says: []string{"forms-based"}, refused: true},
		"locked":           {status: 456, is: []error{ews.ErrUnauthorized}, says: []string{"locked"}, refused: true},
		"server error":     {status: 500, body: html, says: []string{`Server Error in '/EWS' Application`}, transient: true},
		"bad gateway":      {status: 502, says: []string{"unknown"}, transient: true},
		"unavailable":      {status: 503, header: http.Header{"X-Caserrorcode": {"ServerNotFound"}}, is: []error{ews.ErrThrottled}, says: []string{"ServerNotFound"}, transient: true},
		"gateway timeout":  {status: 504, says: []string{"unknown"}, transient: true},
		"no content":       {status: 204, says: []string{"whether the request was carried out is unknown"}},
		"accepted":         {status: 202, body: "queued", says: []string{"whether the request was carried out is unknown"}},
		"a part":           {status: 206, body: soap("")[:50], says: []string{"whether the request was carried out is unknown"}},
		"no redirect":      {status: 302, says: []string{"redirects are not followed"}},
		"another method":   {status: 308, header: http.Header{"Location": {"https://other.example.test/secret"}}, says: []string{`"other.example.test"`}},
		"moved mailbox":    {status: 451, header: http.Header{"X-Ms-Location": {"https://other.example.test/secret"}}, refused: true},
		"request timeout":  {status: 408, transient: true},
		"no length":        {status: 411, says: []string{"without a length"}, refused: true},
		"expectation":      {status: 417, refused: true},
		"misdirected":      {status: 421, says: []string{"ewsUrl"}, refused: true},
		"retry with":       {status: 449, refused: true},
		"not implemented":  {status: 501, body: html, refused: true},
		"odd gateway":      {status: 520, says: []string{"unknown"}, transient: true},
		"gateway's wait":   {status: 524, body: html, says: []string{"unknown"}, transient: true},
		"gateway's end":    {status: 599, says: []string{"unknown"}, transient: true},
		"misled":           {status: 500, header: http.Header{"X-Caserrorcode": {"MailboxGuidWithDomainNotFound"}}, says: []string{"MailboxGuidWithDomainNotFound", "X-AnchorMailbox"}, transient: true},
		"not SOAP":         {status: 418, body: "<x/>", refused: true},
		"SOAP, odd status": {status: 418, body: soap(response(ews.OpGetFolder))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := failing(t, respondWith(tt.status, tt.body, tt.header))
			e, ok := errors.AsType[*ews.HTTPError](err)
			require.True(t, ok, "%T: %v", err, err)
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, ews.OpGetFolder, e.Operation)
			assert.Equal(t, endpoint, e.URL)
			assert.NotEmpty(t, e.Reason)
			for _, target := range tt.is {
				assert.ErrorIs(t, err, target)
			}
			for _, target := range tt.isNot {
				assert.NotErrorIs(t, err, target)
			}
			for _, text := range tt.says {
				assert.Contains(t, err.Error(), text)
			}
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, tt.transient, ews.IsTransient(err), "transient")
			assert.Equal(t, tt.refused, ews.NotExecuted(err), "not executed")
			assert.False(t, ews.NotSent(err))
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"30": 30 * time.Second, " 5 ": 5 * time.Second, "-1": 0, "soon": 0, "99999999999": 24 * time.Hour, "": 0, "0": 0, "1.5": 0, "+3": 3 * time.Second, "3s": 0,
		"99999999999999999999": 24 * time.Hour, "-99999999999999999999": 0, "Tue, 24 Nov 2020 10:00:00 GMT": 0,
		"Tue, 24 Nov 9999 10:00:00 GMT": 24 * time.Hour,
	} {
		err := failing(t, respondWith(503, "", http.Header{"Retry-After": {value}}))
		got, hinted := ews.BackOff(err)
		assert.Equal(t, want, got, value)
		assert.Equal(t, want > 0, hinted, value)
	}
	err := failing(t, respondWith(503, "", http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}))
	got, _ := ews.BackOff(err)
	assert.InDelta(t, time.Hour, got, float64(2*time.Second))
}

// TestErrorTextIsBounded has a server send long and malicious text.
func TestErrorTextIsBounded(t *testing.T) {
	t.Parallel()
	evil := strings.Repeat("x\x1b[31m\n", 10_000)
	text := strings.ReplaceAll(evil, "\x1b", "&#x1b;")
	err := failing(t, respond(500, strings.ReplaceAll(fault("ErrorAccessDenied", ""), "refused", text)))
	assert.Less(t, len(err.Error()), 600)
	assert.NotContains(t, err.Error(), "\x1b")
	assert.NotContains(t, err.Error(), "\n")
	e, _ := errors.AsType[*ews.ResponseError](err)
	assert.Equal(t, evil, e.Message, "the text itself is passed on")
}

func TestUnreadableAnswers(t *testing.T) {
	t.Parallel()
	good := success(ews.OpGetFolder, `<m:Folders><t:Folder><t:FolderId Id="F"/></t:Folder></m:Folders>`)
	whole := soap(response(ews.OpGetFolder, good))
	tests := map[string]struct {
		body      string
		transient bool
	}{
		"cut short":         {whole[:len(whole)-30], true},
		"cut in the middle": {whole[:len(whole)/2], true},
		"two bodies":        {whole + whole, true},
		"another operation": {soap(response(ews.OpGetItem, good)), true},
		"another message":   {soap(response(ews.OpGetFolder, success(ews.OpGetItem, ""))), true},
		"second answer":     {soap(response(ews.OpGetFolder, good) + response(ews.OpGetFolder, good)), true},
		"empty body":        {soap(""), true},
		"no body":           {`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`, true},
		"too many":          {soap(response(ews.OpGetFolder, good, good)), true},
		"no verdict":        {soap(response(ews.OpGetFolder, "<m:GetFolderResponseMessage/>")), false},
		"DTD":               {`<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><!DOCTYPE x []></s:Envelope>`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := failing(t, respond(200, tt.body))
			e, ok := errors.AsType[*ews.DecodeError](err)
			require.True(t, ok, "%T: %v", err, err)
			assert.Equal(t, ews.OpGetFolder, e.Operation)
			assert.Equal(t, tt.transient, ews.IsTransient(err))
			assert.False(t, ews.Ambiguous(err), "a read changes nothing")
		})
	}
}

// TestContradictions: a member of a batch that contradicts itself has failed,
// and only that member.
func TestContradictions(t *testing.T) {
	t.Parallel()
	message := func(class, code string) string {
		return `<m:DeleteItemResponseMessage ` + class + `>` + code + `</m:DeleteItemResponseMessage>`
	}
	srv := serve(ok(ews.OpDeleteItem,
		message(`ResponseClass="Success"`, "<m:ResponseCode>NoError</m:ResponseCode>"),
		message(`ResponseClass="Error"`, "<m:ResponseCode>NoError</m:ResponseCode>"),
		message(`ResponseClass="Success"`, "<m:ResponseCode>ErrorItemNotFound</m:ResponseCode>"),
		message(`ResponseClass="Warning"`, "<m:ResponseCode>ErrorOdd</m:ResponseCode>"),
		message(`ResponseClass="Error"`, ""),
		message(``, "<m:ResponseCode> NoError\n</m:ResponseCode>"),
		message(`ResponseClass="Success"`, ""),
		message(`ResponseClass="Warning"`, "<m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode>"),
	))
	ids := make([]ews.ItemID, 8)
	for i := range ids {
		ids[i].ID = fmt.Sprint(i)
	}
	results, err := newClient(t, srv, nil).DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: ids, Type: ews.HardDelete})
	require.NoError(t, err)
	require.Len(t, results, 8)
	for i, good := range []bool{true, false, false, false, false, true, true, false} {
		assert.Equal(t, good, results[i].Err == nil, "%d: %v", i, results[i].Err)
	}
	assert.ErrorIs(t, results[2].Err, ews.ErrNotFound)
	assert.ErrorIs(t, results[7].Err, ews.ErrNotProcessed)
	assert.True(t, ews.NotExecuted(results[7].Err), "skipped")
	assert.ErrorContains(t, results.Err(), "item 7")
	assert.False(t, ews.NotExecuted(results.Err()))
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	sentinels := []error{
		ews.ErrNotFound, ews.ErrAccessDenied, ews.ErrUnauthorized, ews.ErrThrottled, ews.ErrNoMailbox, ews.ErrQuota,
		ews.ErrUnsupportedVersion, ews.ErrNotProcessed, ews.ErrTruncated, ews.ErrStalledPaging, ews.ErrForbiddenText,
	}
	for code, want := range map[ews.ResponseCode][]error{
		"ErrorItemNotFound":              {ews.ErrNotFound},
		"ErrorToFolderNotFound":          {ews.ErrNotFound},
		"ErrorNonExistentMailbox":        {ews.ErrNotFound, ews.ErrNoMailbox},
		"ErrorNonPrimarySmtpAddress":     nil,
		"ErrorAccessDenied":              {ews.ErrAccessDenied},
		"ErrorImpersonateUserDenied":     {ews.ErrAccessDenied},
		"ErrorServerBusy":                {ews.ErrThrottled},
		"ErrorTooManyObjectsOpened":      {ews.ErrThrottled},
		"ErrorMailboxStoreUnavailable":   nil,
		"ErrorQuotaExceededOnDelete":     {ews.ErrQuota},
		"ErrorInvalidServerVersion":      {ews.ErrUnsupportedVersion},
		"ErrorBatchProcessingStopped":    {ews.ErrNotProcessed},
		"ErrorPasswordExpired":           {ews.ErrUnauthorized},
		"ErrorNameResolutionNoResults":   {ews.ErrNotFound},
		"ErrorCrossMailboxMoveCopy":      nil,
		"SomethingNobodyHasEverHeardOf ": nil,
	} {
		err := error(&ews.ResponseError{Code: code})
		for _, s := range sentinels {
			assert.Equal(t, slices.Contains(want, s), errors.Is(fmt.Errorf("x: %w", err), s), "%s: %v", code, s)
		}
	}
}

func TestBehaviour(t *testing.T) {
	t.Parallel()
	response := func(op ews.Operation, code ews.ResponseCode) error {
		return &ews.ResponseError{Operation: op, Code: code}
	}
	tests := map[string]struct {
		err                                        error
		notSent, notExecuted, ambiguous, transient bool
	}{
		"nil":                        {err: nil},
		"foreign":                    {err: io.ErrUnexpectedEOF},
		"busy":                       {err: response(ews.OpMoveItem, "ErrorServerBusy"), notExecuted: true, transient: true},
		"store unavailable":          {err: response(ews.OpCreateItem, "ErrorMailboxStoreUnavailable"), ambiguous: true, transient: true},
		"store unavailable, read":    {err: response(ews.OpGetItem, "ErrorMailboxStoreUnavailable"), transient: true},
		"internal error":             {err: response(ews.OpMoveItem, "ErrorInternalServerError"), ambiguous: true, transient: true},
		"move copy failed":           {err: response(ews.OpMoveItem, "ErrorMoveCopyFailed"), ambiguous: true, transient: true},
		"moved away":                 {err: response(ews.OpMoveItem, "ErrorItemNotFound"), notExecuted: true},
		"move denied":                {err: response(ews.OpMoveItem, "ErrorAccessDenied"), ambiguous: true},
		"delete denied":              {err: response(ews.OpDeleteItem, "ErrorAccessDenied"), notExecuted: true},
		"quota on delete after copy": {err: response(ews.OpMoveItem, "ErrorQuotaExceededOnDelete"), ambiguous: true},
		"stale":                      {err: response(ews.OpUpdateItem, "ErrorIrresolvableConflict"), notExecuted: true},
		"unknown code":               {err: response(ews.OpUpdateItem, "ErrorFromTheFuture"), ambiguous: true},
		"mailbox moves":              {err: response(ews.OpUpdateItem, "ErrorMailboxMoveInProgress"), ambiguous: true, transient: true},
		"save failed":                {err: response(ews.OpUpdateItem, "ErrorItemSave"), ambiguous: true},
		"unsent":                     {err: &ews.TransportError{Operation: ews.OpMoveItem, Unsent: true, Err: io.EOF}, notSent: true, notExecuted: true, transient: true},
		"sent":                       {err: &ews.TransportError{Operation: ews.OpMoveItem, Err: io.EOF}, ambiguous: true, transient: true},
		"undecodable":                {err: &ews.DecodeError{Operation: ews.OpMoveItem, Err: errors.New("x")}, ambiguous: true},
		"truncated":                  {err: &ews.DecodeError{Operation: ews.OpExportItems, Err: ews.ErrTruncated}, transient: true},
		"wrapped":                    {err: fmt.Errorf("a: %w", response(ews.OpDeleteItem, "ErrorItemNotFound")), notExecuted: true},
		"joined":                     {err: errors.Join(response(ews.OpDeleteItem, "ErrorItemNotFound"), response(ews.OpDeleteItem, "ErrorServerBusy")), notExecuted: true},
		"joined, one in doubt":       {err: errors.Join(response(ews.OpDeleteItem, "ErrorItemNotFound"), response(ews.OpDeleteItem, "ErrorTimeoutExpired")), ambiguous: true},
		"joined with foreign":        {err: errors.Join(context.Canceled, response(ews.OpDeleteItem, "ErrorServerBusy")), notExecuted: true, transient: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.notSent, ews.NotSent(tt.err), "NotSent")
			assert.Equal(t, tt.notExecuted, ews.NotExecuted(tt.err), "NotExecuted")
			assert.Equal(t, tt.ambiguous, ews.Ambiguous(tt.err), "Ambiguous")
			assert.Equal(t, tt.transient, ews.IsTransient(tt.err), "IsTransient")
		})
	}
	back, hinted := ews.BackOff(errors.Join(&ews.ResponseError{BackOff: time.Second}, &ews.HTTPError{RetryAfter: time.Minute}))
	assert.True(t, hinted)
	assert.Equal(t, time.Minute, back)
	assert.True(t, ews.IsThrottled(&ews.HTTPError{Status: 503}))
}
