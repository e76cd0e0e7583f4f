package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// rangeBytes is how much of a file is sent at a time, and held in memory. Graph accepts
// less than 4 MB.
const rangeBytes = 3 << 20

// upload is a session that adds a file to a message. Its link is a secret.
type upload struct {
	mailbox Mailbox
	link    *url.URL
	size    int64
}

// uploadAnswer is the answer of a session.
type uploadAnswer struct {
	URL  string   `json:"uploadUrl"`
	Next []string `json:"nextExpectedRanges"`
}

// Upload adds a file of more than [MaxAttachment] bytes to a message, in ranges. size is
// its exact length. A range whose outcome is unknown is sent again only if the session
// reports that it has not arrived. If content ends early, or anything else fails, nothing
// is attached, unless the answer to the last range is lost.
// See https://learn.microsoft.com/en-us/graph/outlook-large-attachments.
func (m Mailbox) Upload(ctx context.Context, id string, file Attachment, size int64, content io.Reader) error {
	item := map[string]any{"attachmentType": "file", "name": cmp.Or(file.Name, "attachment"), "size": size, "isInline": file.Inline}
	if file.ContentType != "" {
		item["contentType"] = file.ContentType
	}
	if file.ContentID != "" {
		item["contentId"] = file.ContentID
	}
	k := write("createUploadSession", m.payer, http.MethodPost, to("/users", m.user, "messages", id, "attachments", "createUploadSession"),
		map[string]any{"AttachmentItem": item}, http.StatusCreated, http.StatusOK)
	k.read = true // a session that nobody uses does nothing
	var got uploadAnswer
	if err := m.client.document(ctx, k, &got); err != nil {
		return err
	}
	link, err := url.Parse(got.URL)
	if err != nil || link.Host == "" || link.User != nil || !private(link) {
		return &Error{Operation: k.op, Status: http.StatusCreated, read: true, final: true, Err: errors.New("the upload URL cannot be used: it must be https, without a user")}
	}
	u := upload{m, link, size}
	buffer := make([]byte, min(size, rangeBytes))
	for at := int64(0); at < size; {
		part := buffer[:min(size-at, rangeBytes)]
		if _, err := io.ReadFull(content, part); err != nil {
			return &SourceError{err}
		}
		if err := u.send(ctx, at, part); err != nil {
			return err
		}
		at += int64(len(part))
	}
	return nil
}

// send sends one range, and again if it was lost on the way.
func (u upload) send(ctx context.Context, at int64, part []byte) error {
	for attempt := 1; ; attempt++ {
		err := u.put(ctx, at, part)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.NotExecuted() || ctx.Err() != nil || attempt >= u.mailbox.client.attempts {
			return err
		}
		next, lookErr := u.next(ctx)
		switch {
		case lookErr != nil:
			return err // after the last range the session no longer exists
		case next == at+int64(len(part)):
			return nil
		case next != at:
			return err
		}
	}
}

// put sends one range.
func (u upload) put(ctx context.Context, at int64, part []byte) error {
	end := at + int64(len(part))
	k := call{
		op: "upload range", payer: u.mailbox.payer, method: http.MethodPut, link: u.link, elsewhere: true, raw: part,
		header: map[string]string{"Content-Type": "application/octet-stream", "Content-Range": fmt.Sprintf("bytes %d-%d/%d", at, end-1, u.size)},
		want:   []int{http.StatusOK, http.StatusCreated, http.StatusAccepted},
	}
	a, err := u.mailbox.client.do(ctx, k)
	if err != nil {
		return err
	}
	if end == u.size {
		defer a.close()
		if a.status != http.StatusCreated {
			return a.broken(errors.New("the answer does not say that the file is attached"))
		}
		return nil
	}
	var got uploadAnswer
	if err := a.decode(&got); err != nil {
		return err
	}
	if next, ok := nextRange(got.Next); !ok || next != end {
		return a.broken(errors.New("the session expects another range than the next one"))
	}
	return nil
}

// next asks which range the session expects.
func (u upload) next(ctx context.Context) (int64, error) {
	k := get("GET upload session", u.mailbox.payer, route{})
	k.link, k.elsewhere = u.link, true
	var got uploadAnswer
	if err := u.mailbox.client.document(ctx, k, &got); err != nil {
		return 0, err
	}
	next, ok := nextRange(got.Next)
	if !ok {
		return 0, errJSON
	}
	return next, nil
}

// nextRange reads the start of the next range, which is written "26", "26-" or "26-100".
func nextRange(all []string) (int64, bool) {
	if len(all) != 1 {
		return 0, false
	}
	text, _, _ := strings.Cut(strings.TrimSpace(all[0]), "-")
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}
