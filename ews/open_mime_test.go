package ews_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func mimeAnswer(content string) string {
	return soap(response(ews.OpGetItem, success(ews.OpGetItem,
		`<m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">`+content+`</t:MimeContent><t:ItemId Id="I" ChangeKey="K"/></t:Message></m:Items>`)))
}

func TestOpenMIME(t *testing.T) {
	t.Parallel()
	message := "Subject: x\r\n\r\n" + strings.Repeat("line\r\n", 50_000)
	text := base64.StdEncoding.EncodeToString([]byte(message))
	for name, content := range map[string]string{"one line": text, "in lines": strings.Join(strings.SplitAfter(text, "IN"), "\r\n")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(patientLimiter)
			c := newClient(t, serve(respond(200, mimeAnswer(content))), &ews.Options{Limiter: l})
			m, err := c.OpenMIME(t.Context(), ews.ItemID{ID: "I", ChangeKey: "stale"})
			require.NoError(t, err)
			assert.Equal(t, "UTF-8", m.CharacterSet)
			assert.Equal(t, "I", m.ItemID.ID)
			assert.Equal(t, 1, l.held)
			require.NoError(t, iotest.TestReader(m, []byte(message)))
			assert.Zero(t, l.held, "released at the end")
			require.NoError(t, m.Close())
			assert.Len(t, l.released, 1)
		})
	}
}

// The marker of a truncated export in the MIME itself is reported, but is not an error: a
// sender can write it.
func TestTruncatedMIME(t *testing.T) {
	t.Parallel()
	const marker = "=== Truncated Data ==="
	long := strings.Repeat("line\r\n", 1000)
	for text, truncated := range map[string]bool{
		long + marker: true, long + marker + "\r\n": true, "===TruncatedData===": true, long: false, marker + " is what Exchange writes.\r\n": false,
	} {
		c := newClient(t, serve(respond(200, mimeAnswer(base64.StdEncoding.EncodeToString([]byte(text))))), nil)
		m, err := c.OpenMIME(t.Context(), ews.ItemID{ID: "I"})
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(m, []byte(text)))
		assert.Equal(t, truncated, m.Truncated(), "%.40q", text)
	}
}

func TestBrokenMIME(t *testing.T) {
	t.Parallel()
	whole := mimeAnswer(strings.Repeat("QUJD", 30_000))
	for name, body := range map[string]string{
		"cut in the content":     whole[:len(whole)/2],
		"cut behind the content": strings.SplitAfter(whole, "</t:MimeContent>")[0],
		"cut at the last byte":   whole[:len(whole)-1],
		"empty":                  mimeAnswer(""),
		"not base64":             mimeAnswer("Subject: x"),
		"base64 cut":             mimeAnswer("QUJDQ"),
		"padding in the middle":  mimeAnswer("QQ==QUJD"),
		"two answers":            strings.Replace(whole, "</m:ResponseMessages>", refusal(ews.OpGetItem, "ErrorItemNotFound")+"</m:ResponseMessages>", 1),
		"garbage behind":         whole + "x",
		"failure behind":         strings.Replace(whole, "</m:Items>", "</m:Items><m:ResponseCode>ErrorItemCorrupt</m:ResponseCode>", 1),
		"truncation marker":      mimeAnswer("QUJD=== Truncated Data ==="),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(patientLimiter)
			m, err := newClient(t, serve(respond(200, body)), &ews.Options{ReadAttempts: 1, Limiter: l}).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
			require.NoError(t, err)
			_, err = io.ReadAll(m)
			require.Error(t, err)
			_, again := m.Read(make([]byte, 1))
			assert.Equal(t, err, again, "the error is sticky")
			assert.Zero(t, l.held)
			assert.NoError(t, m.Close())
		})
	}
}

func TestOpenMIMERefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		is   error
	}{
		"not found":       {soap(response(ews.OpGetItem, refusal(ews.OpGetItem, "ErrorItemNotFound"))), ews.ErrNotFound},
		"no answer":       {soap(response(ews.OpGetItem)), ews.ErrNotProcessed},
		"without MIME":    {soap(response(ews.OpGetItem, success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="I"/></t:Message></m:Items>`))), nil},
		"without item":    {soap(response(ews.OpGetItem, success(ews.OpGetItem, `<m:Items/>`))), nil},
		"error with MIME": {strings.Replace(mimeAnswer("QUJD"), "NoError", "ErrorItemCorrupt", 1), nil},
		"cut":             {mimeAnswer("QUJD")[:400], nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(patientLimiter)
			m, err := newClient(t, serve(respond(200, tt.body)), &ews.Options{ReadAttempts: 1, Limiter: l}).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
			require.Error(t, err)
			assert.Nil(t, m)
			assert.Zero(t, l.held)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
		})
	}
}

func TestMIMEClosedEarly(t *testing.T) {
	t.Parallel()
	l := new(patientLimiter)
	m, err := newClient(t, serve(respond(200, mimeAnswer("QUJDQUJD"))), &ews.Options{Limiter: l}).OpenMIME(t.Context(), ews.ItemID{ID: "I"})
	require.NoError(t, err)
	require.NoError(t, m.Close())
	assert.Zero(t, l.held)
	_, err = m.Read(make([]byte, 10))
	assert.Error(t, err)
	assert.False(t, errors.Is(err, io.EOF))
	require.NoError(t, m.Close())
	assert.Len(t, l.released, 1)
}

// TestEndedMIME uses a transport that ignores the context.
func TestEndedMIME(t *testing.T) {
	t.Parallel()
	why := errors.New("the operator stopped it")
	l := new(patientLimiter)
	c := newClient(t, serve(respond(200, mimeAnswer(strings.Repeat("QUJD", 300_000)))), &ews.Options{Limiter: l})
	ctx, cancel := context.WithCancelCause(t.Context())
	m, err := c.OpenMIME(ctx, ews.ItemID{ID: "I"})
	require.NoError(t, err)
	_, err = io.ReadFull(m, make([]byte, 100))
	require.NoError(t, err)
	cancel(why)
	_, err = io.ReadAll(m)
	require.ErrorIs(t, err, why)
	assert.False(t, ews.IsTransient(err))
	assert.Zero(t, l.held)
}
