package ews_test

import (
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

// mimeOf is the response message for an item with MIME.
func mimeOf(id, content string) string {
	return success(ews.OpGetItem, `<m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">`+content+`</t:MimeContent><t:ItemId Id="`+id+`" ChangeKey="K"/></t:Message></m:Items>`)
}

func mimesAnswer(messages ...string) string { return soap(response(ews.OpGetItem, messages...)) }

// openMIMEs reads one response for three items and gives up.
func openMIMEs(t *testing.T, l ews.Limiter, body string) (*ews.MIMEs, error) {
	return newClient(t, serve(respond(200, body)), &ews.Options{ReadAttempts: 1, Limiter: l}).OpenMIMEs(t.Context(), threeIDs)
}

func TestOpenMIMEs(t *testing.T) {
	t.Parallel()
	message := "Subject: x\r\n\r\n" + strings.Repeat("line\r\n", 50_000)
	content := base64.StdEncoding.EncodeToString([]byte(message))
	l := new(patientLimiter)
	m, err := openMIMEs(t, l, mimesAnswer(mimeOf("0", content), refusal(ews.OpGetItem, "ErrorItemNotFound"), mimeOf("2", content)))
	require.NoError(t, err)
	assert.Equal(t, 1, l.held)
	for i := range threeIDs {
		require.True(t, m.Next())
		assert.Equal(t, i, m.Index())
		if i == 1 {
			assert.ErrorIs(t, m.ItemErr(), ews.ErrNotFound)
			assert.Nil(t, m.MIME())
			continue
		}
		require.NoError(t, m.ItemErr())
		assert.Equal(t, threeIDs[i].ID, m.MIME().ItemID.ID)
		require.NoError(t, iotest.TestReader(m.MIME(), []byte(message)))
	}
	assert.Zero(t, l.held, "released at the end of the last one")
	assert.False(t, m.Next())
	require.NoError(t, m.Err())
	require.NoError(t, m.Close())
}

// Unread content is skipped, and the content of an earlier item is not read as that of
// another one.
func TestMIMEsSkipped(t *testing.T) {
	t.Parallel()
	content := func(text string) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(text, 50_000)))
	}
	l := new(patientLimiter)
	m, err := openMIMEs(t, l, mimesAnswer(mimeOf("0", content("first")), mimeOf("1", content("other")), mimeOf("2", content("third"))))
	require.NoError(t, err)
	require.True(t, m.Next())
	past := m.MIME()
	_, err = io.ReadFull(past, make([]byte, 10))
	require.NoError(t, err)
	require.True(t, m.Next())
	_, err = past.Read(make([]byte, 10))
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
	require.True(t, m.Next())
	b, err := io.ReadAll(m.MIME())
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("third", 50_000), string(b))
	assert.False(t, m.Next())
	require.NoError(t, m.Err())

	m, err = openMIMEs(t, l, mimesAnswer(mimeOf("0", content("first")), mimeOf("1", content("other")), mimeOf("2", content("third"))))
	require.NoError(t, err)
	for m.Next() {
		require.NoError(t, m.ItemErr())
	}
	require.NoError(t, m.Err(), "nothing was read of any")
	assert.Zero(t, l.held)
}

// An item is not reported as complete if its response message names no item or another
// one, and neither is any item after it.
func TestMIMEsMixedUp(t *testing.T) {
	t.Parallel()
	whole := mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", "QUJE"), mimeOf("2", "QUJF"))
	for name, tt := range map[string]struct {
		body string
		want int // number of complete items
	}{
		"two changed places":    {mimesAnswer(mimeOf("1", "QUJE"), mimeOf("0", "QUJD"), mimeOf("2", "QUJF")), 0},
		"the second is another": {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("2", "QUJE"), mimeOf("2", "QUJF")), 1},
		"no id":                 {strings.Replace(whole, `<t:ItemId Id="1" ChangeKey="K"/>`, "", 1), 1},
		"one is missing":        {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("2", "QUJF")), 1},
		"one is left out":       {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", "QUJF")), 2},
		"one too many":          {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", "QUJE"), mimeOf("2", "QUJF"), mimeOf("2", "QUJF")), 2},
		"one is empty":          {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", ""), mimeOf("2", "QUJF")), 1},
		"one is no base64":      {mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", "Subject: x"), mimeOf("2", "QUJF")), 1},
		"cut in the last":       {whole[:strings.Index(whole, "QUJF")+3], 2},
		"cut at the end":        {whole[:len(whole)-1], 2},
		"two answers":           {strings.Replace(whole, "</s:Body>", response(ews.OpGetItem)+"</s:Body>", 1), 2},
		"another operation":     {strings.ReplaceAll(whole, "GetItemResponseMessage>", "FindItemResponseMessage>"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(patientLimiter)
			m, err := openMIMEs(t, l, tt.body)
			complete := 0
			if err == nil {
				for m.Next() {
					if err = errors.Join(err, m.ItemErr()); m.ItemErr() != nil {
						continue
					}
					_, readErr := io.ReadAll(m.MIME())
					if err = errors.Join(err, readErr); readErr == nil {
						complete++
					}
				}
				err = errors.Join(err, m.Err())
				require.NoError(t, m.Close())
			}
			assert.Error(t, err)
			assert.Equal(t, tt.want, complete)
			assert.Zero(t, l.held)
		})
	}
}

// Whichever way the stream is closed, the slot of the limiter is free again.
func TestMIMEsClosedEarly(t *testing.T) {
	t.Parallel()
	for name, closing := range map[string]func(*ews.MIMEs) error{
		"before the first": func(m *ews.MIMEs) error { return m.Close() },
		"in the first":     func(m *ews.MIMEs) error { m.Next(); return m.Close() },
		"by the item":      func(m *ews.MIMEs) error { m.Next(); return m.MIME().Close() },
	} {
		l := new(patientLimiter)
		m, err := openMIMEs(t, l, mimesAnswer(mimeOf("0", "QUJD"), mimeOf("1", "QUJD"), mimeOf("2", "QUJD")))
		require.NoError(t, err)
		require.NoError(t, closing(m), name)
		assert.Zero(t, l.held, name)
		assert.False(t, m.Next(), name)
		require.NoError(t, m.Err())
		require.NoError(t, m.Close())
		assert.Len(t, l.released, 1)
	}
}

// If the only item is refused, that is its result; Exports does the same.
func TestMIMEsOfOneRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, serve(ok(ews.OpGetItem, refusal(ews.OpGetItem, "ErrorItemNotFound"))), nil)
	m, err := c.OpenMIMEs(t.Context(), threeIDs[:1])
	require.NoError(t, err)
	require.True(t, m.Next())
	assert.ErrorIs(t, m.ItemErr(), ews.ErrNotFound)
	assert.Equal(t, 0, m.Index())
	assert.False(t, m.Next())
	require.NoError(t, m.Err())
	require.NoError(t, m.Close())
}
