package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// ability is something that a step of a scenario can do.
type ability struct {
	needs, takes []string // fields of a step
	do           func(s *bound, p *Person) error
}

// bound is a step with its folders resolved.
type bound struct {
	*scenarioStep
	folder, to *Folder
}

// message returns the ability to do something to a message.
func message(do func(s *bound, p *Person, m *Message) (*Message, error), needs ...string) ability {
	return ability{needs, []string{"folder", "subject", "messageId"}, func(s *bound, p *Person) error {
		_, err := do(s, p, p.Find(s.folder, matching(s.Subject, s.MessageID)))
		return err
	}}
}

// with returns the ability with additional fields that it takes.
func (a ability) with(fields ...string) ability {
	a.takes = append(a.takes, fields...)
	return a
}

// abilities are what steps can do.
var abilities = map[string]ability{
	"read":   message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.MarkRead(m) }),
	"unread": message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.MarkUnread(m) }),
	"flag": message(func(s *bound, p *Person, m *Message) (*Message, error) {
		return p.Flag(m, ews.Flag{Status: s.Flag})
	}, "flag"),
	"file": message(func(s *bound, p *Person, m *Message) (*Message, error) { return p.File(m, s.to) }, "to"),
	"copy": message(func(s *bound, p *Person, m *Message) (*Message, error) { return p.Copy(m, s.to) }, "to"),
	"edit": message(func(s *bound, p *Person, m *Message) (*Message, error) {
		return p.Edit(m, Edit{Subject: s.NewSubject, Body: s.Body})
	}).with("newSubject", "body"),
	"delete":      message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.Delete(m) }),
	"shiftDelete": message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.ShiftDelete(m) }),
	"recover":     message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.Recover(m) }),
	"purge":       message(func(_ *bound, p *Person, m *Message) (*Message, error) { return p.Purge(m) }),

	"emptyDeletedItems": {nil, nil, func(_ *bound, p *Person) error {
		_, err := p.EmptyDeletedItems()
		return err
	}},
	"renameFolder": {[]string{"folder", "name"}, nil, func(s *bound, p *Person) error { return p.RenameFolder(s.folder, s.Name) }},
	"moveFolder":   {[]string{"folder", "to"}, nil, func(s *bound, p *Person) error { return p.MoveFolder(s.folder, s.to) }},
	"deleteFolder": {[]string{"folder"}, nil, func(s *bound, p *Person) error { return p.DeleteFolder(s.folder) }},
	"moveAway": {[]string{"time"}, nil, func(s *bound, p *Person) error {
		p.box.moveAway(time.Duration(s.Time), p.when)
		return nil
	}},
}

// bind returns what the step does in a mailbox.
func (s scenarioStep) bind(box *Mailbox) (func(*Person) error, error) {
	b := &bound{scenarioStep: &s}
	if s.Folder == "" && (s.Do == "recover" || s.Do == "purge") {
		s.Folder = string(ews.FolderRecoverableItemsDeletions)
	}
	var err error
	if b.folder, err = box.named(s.Folder); err != nil {
		return nil, err
	}
	if b.to, err = box.named(s.To); err != nil {
		return nil, err
	}
	do := abilities[s.Do].do
	return func(p *Person) error { return do(b, p) }, nil
}
