package live

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// ownSet is the property set of a named property that stands for those of other programs.
const ownSet = "2f6b6ad2-51c4-4b4e-8f0b-0d6b8a7f9c31"

// Properties of the lab's messages.
var (
	ownProperty = ews.ExtendedField{GUID: ownSet, Name: "Live", Type: ews.TypeString}
	xHeader     = ews.ExtendedField{Set: ews.SetInternetHeaders, Name: "X-EWSQ-Live", Type: ews.TypeString}
)

// made is a message that the lab has created in its folder of the user's mailbox.
type made struct {
	id        ews.ItemID
	messageID string
	subject   string
}

// message creates a message as if it had been delivered an hour ago: unread, with
// attachments, a category, a flag, a named property and its own header field.
func (l *Lab) message(ctx context.Context, mark string) (*made, error) {
	l.messages++
	m := &made{messageID: fmt.Sprintf("<%d.%s@live.ewsquarantine.invalid>", l.messages, l.token), subject: mark + " " + l.token}
	id, err := l.store(ctx, l.mime(m, []byte("file of the live suite")))
	m.id = id
	if err != nil {
		return nil, fmt.Errorf("a message could not be made in the user's mailbox: %w", err)
	}
	if m.id.IsZero() {
		if m.id, err = l.only(ctx, l.user, mark); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// store creates a message in the lab's folder of the user's mailbox.
func (l *Lab) store(ctx context.Context, mime []byte) (ews.ItemID, error) {
	delivered := ews.FormatTime(time.Now().Add(-time.Hour).Truncate(time.Second).UTC())
	req := ews.CreateItemRequest{
		Folder: l.user.folder, MIME: ews.BytesContent(mime), Categories: []string{"Live suite"}, IsRead: new(false),
		Extended: []ews.ExtendedProperty{
			{Field: ews.PidTagMessageFlags, Value: "0"},
			{Field: ews.PidTagMessageDeliveryTime, Value: delivered},
			{Field: ews.PidTagClientSubmitTime, Value: delivered},
			{Field: ownProperty, Value: l.token},
		},
	}
	if l.user.client.Version() >= ews.Exchange2013 {
		req.Flag.Status = "Flagged"
	}
	return l.user.client.CreateItem(ctx, req)
}

// mime returns the MIME form of a message with one attached file.
func (l *Lab) mime(m *made, file []byte) []byte {
	var b bytes.Buffer
	for _, line := range []string{
		"From: Live suite <live@ewsquarantine.invalid>",
		"To: <" + l.settings.Mailbox + ">",
		"Subject: " + m.subject,
		"Date: " + time.Now().Add(-time.Hour).UTC().Format(time.RFC1123Z),
		"Message-ID: " + m.messageID,
		"X-EWSQ-Live: " + l.token,
		"Importance: high",
		"Thread-Index: Aduc1bZfqTwH6b1DTnGmXzU0rM7hEg==",
		"MIME-Version: 1.0",
		`Content-Type: multipart/mixed; boundary="` + l.token + `"`,
		"", "--" + l.token,
		"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
		"", "Written by the live suite, which removes it. =C3=84=C3=B6=C3=BC", "--" + l.token,
		`Content-Type: application/octet-stream; name="live.bin"`, `Content-Disposition: attachment; filename="live.bin"`,
		"Content-Transfer-Encoding: base64", "",
	} {
		b.WriteString(line + "\r\n")
	}
	text := base64.StdEncoding.EncodeToString(file)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n--" + l.token + "--\r\n")
	return b.Bytes()
}

// only returns the id of the only item with a mark in a folder of the lab.
func (l *Lab) only(ctx context.Context, at place, mark string) (ews.ItemID, error) {
	var ids []ews.ItemID
	err := l.until(ctx, func() (bool, error) {
		var err error
		ids, err = l.mine(ctx, at.client, at.folder, mark)
		return len(ids) > 0, err
	})
	switch {
	case err != nil:
		return ews.ItemID{}, err
	case len(ids) == 0:
		return ews.ItemID{}, fmt.Errorf("%s: it has not arrived", mark)
	case len(ids) > 1:
		return ews.ItemID{}, fmt.Errorf("%s: it is there %d times", mark, len(ids))
	}
	return ids[0], nil
}

// until asks again, once a second, until the answer is yes or the settings' Wait has
// elapsed.
func (l *Lab) until(ctx context.Context, ask func() (bool, error)) error {
	end := time.Now().Add(l.settings.Wait)
	for {
		if ok, err := ask(); ok || err != nil || !time.Now().Before(end) {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// escaped returns a text in a form that can be put into a request.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
