package eml

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// sealed reports whether the message is S/MIME. In MAPI, all of it is one attachment, and
// any change would break the signature or encryption.
func (m *Message) sealed() bool { return m.root.kind == "multipart/signed" || isEnveloped(m.root.kind) }

// Attach returns the message with a file added after its other attachments. Unlike with
// [Message.Edit], all other parts stay as they are. It reports false if the message is
// S/MIME, or if its parts are too many or too deeply nested for another one.
func (m *Message) Attach(f File) ([]byte, bool) {
	if m.sealed() {
		return nil, false
	}
	root := *m.root
	if root.kind != "multipart/mixed" || len(root.kids) == 0 {
		inner := root
		inner.fields = contentFields(root.fields, true)
		root = part{kind: "multipart/mixed", kids: []*part{&inner}}
		root.fields = append(contentFields(m.root.fields, false), newField("Content-Type", root.kind))
	}
	root.kids = append(slices.Clip(root.kids), f.part())
	raw := m.written(&root, f.Content)
	return raw, len(Parse(raw).Attachments()) == len(m.Attachments())+1
}

// Detach returns the message without its attachment number n, counted from 0. It
// reports false if the message is S/MIME.
func (m *Message) Detach(n int) ([]byte, bool) {
	if m.sealed() {
		return nil, false
	}
	root := m.root.exchange(m.Attachments()[n].part, nil)
	if root == nil {
		root = &part{kind: "text/plain", fields: contentFields(m.root.fields, false)}
	}
	return m.written(root, nil), true
}

// Replace returns the message with its attachment number n, which is a message, replaced
// by another message.
func (m *Message) Replace(n int, content []byte) []byte {
	old := m.Attachments()[n].part
	changed := old.with(newField("Content-Transfer-Encoding", "8bit"))
	changed.body = content
	return m.written(m.root.exchange(old, changed), content)
}

// exchange returns the part with one part in it replaced. If the replacement is nil, the
// part is removed, as are multiparts that contain nothing else. The original stays as it
// is.
func (p *part) exchange(old, replacement *part) *part {
	if p == old {
		return replacement
	}
	if len(p.kids) == 0 {
		return p
	}
	changed := *p
	changed.kids = nil
	for _, k := range p.kids {
		if k = k.exchange(old, replacement); k != nil {
			changed.kids = append(changed.kids, k)
		}
	}
	if len(changed.kids) == 0 {
		return nil
	}
	return &changed
}

// contentFields returns the header fields that describe the content of a part, or all
// others if content is false.
func contentFields(all []field, content bool) []field {
	var kept []field
	for _, f := range all {
		if strings.HasPrefix(strings.ToLower(f.name), "content-") == content {
			kept = append(kept, f)
		}
	}
	return kept
}

// written returns a changed message. Its boundaries are unique, because messages within it
// may have been written here as well.
func (m *Message) written(root *part, content []byte) []byte {
	h := sha256.New()
	h.Write([]byte("attach"))
	h.Write(m.raw)
	h.Write(content)
	w := &writer{key: h.Sum(nil)}
	w.part(root, "0")
	return slices.Concat(w.finish()...)
}
