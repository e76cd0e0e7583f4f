package ewstest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

type scenarioPolicy struct {
	Description        string
	Mailbox, Name      string
	Trigger, Action    string
	Folder, To         string
	Subject, MessageID string
	Age, Delay         duration
}

type scenarioStep struct {
	Description        string
	Mailbox, Who       string
	Operation          ews.Operation
	Call               int
	After, Once        bool
	Chance             float64
	Do                 string
	Folder             string
	Subject, MessageID string
	To, Name, Flag     string
	NewSubject, Body   string
	Time               duration
}

// triggers and actions map names to the settings of a policy.
var (
	triggers = map[string]Trigger{"": Deliveries, "deliveries": Deliveries, "arrivals": Arrivals, "contents": Contents}
	actions  = map[string]Action{
		"MoveToFolder": MoveToFolder, "MoveToDeletedItems": MoveToDeletedItems, "DeleteAndAllowRecovery": DeleteAndAllowRecovery,
		"PermanentlyDelete": PermanentlyDelete, "MoveToArchive": MoveToArchive,
	}
)

// maxMoreFolders is the maximum number of subfolders of a folder in Exchange Online. See
// https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits.
const maxMoreFolders = 10000

// checkPeople validates what people and policies do.
func (d *scenarioData) checkPeople() error {
	boxes := make(map[string]*scenarioMailbox)
	for i := range d.Mailboxes {
		m := &d.Mailboxes[i]
		if m.MoreFolders < 0 || m.MoreFolders > maxMoreFolders {
			return fmt.Errorf("mailboxes[%d]: moreFolders must be from 0 to %d", i, maxMoreFolders)
		}
		for _, a := range append([]string{m.Address}, m.ProxyAddresses...) {
			boxes[strings.ToLower(a)] = m
		}
	}
	for i, p := range d.Policies {
		if err := p.check(boxes[strings.ToLower(p.Mailbox)]); err != nil {
			return fmt.Errorf("policies[%d]: %w", i, err)
		}
	}
	for i, s := range d.Steps {
		if err := s.check(boxes[strings.ToLower(s.Mailbox)]); err != nil {
			return fmt.Errorf("steps[%d]: %w", i, err)
		}
	}
	return nil
}

func (p *scenarioPolicy) check(box *scenarioMailbox) error {
	_, known := triggers[p.Trigger]
	action, acts := actions[p.Action]
	switch {
	case box == nil:
		return fmt.Errorf("mailbox %q is not a mailbox of the scenario", p.Mailbox)
	case !known:
		return fmt.Errorf("trigger %q is not one of deliveries, arrivals, contents", p.Trigger)
	case !acts:
		return fmt.Errorf("action %q is not one of %s", p.Action, strings.Join(slices.Sorted(maps.Keys(actions)), ", "))
	case (action == MoveToFolder) != (p.To != ""):
		return errors.New("to must be given with MoveToFolder, and with nothing else")
	case action == MoveToArchive && !box.Archive:
		return errors.New("MoveToArchive needs a mailbox with an archive")
	case p.Age < 0 || p.Delay < 0:
		return errors.New("age and delay must not be negative")
	}
	return nil
}

func (s *scenarioStep) check(box *scenarioMailbox) error {
	ability, known := abilities[s.Do]
	_, called := operations[string(s.Operation)]
	switch {
	case box == nil:
		return fmt.Errorf("mailbox %q is not a mailbox of the scenario", s.Mailbox)
	case !known:
		return fmt.Errorf("do %q is not one of %s", s.Do, strings.Join(slices.Sorted(maps.Keys(abilities)), ", "))
	case s.Operation != "" && !called:
		return fmt.Errorf("operation %q is not one of %s", s.Operation, strings.Join(slices.Sorted(maps.Keys(operations)), ", "))
	case s.Call < 0:
		return errors.New("call must not be negative")
	case s.Chance < 0 || s.Chance > 1:
		return errors.New("chance must be between 0 and 1")
	case s.Time < 0:
		return errors.New("time must not be negative")
	}
	given := map[string]bool{
		"folder": s.Folder != "", "subject": s.Subject != "", "messageId": s.MessageID != "", "to": s.To != "", "name": s.Name != "",
		"flag": s.Flag != "", "newSubject": s.NewSubject != "", "body": s.Body != "", "time": s.Time != 0,
	}
	for _, field := range slices.Sorted(maps.Keys(given)) {
		switch needed := slices.Contains(ability.needs, field); {
		case needed && !given[field]:
			return fmt.Errorf("%s needs %s", s.Do, field)
		case given[field] && !needed && !slices.Contains(ability.takes, field):
			return fmt.Errorf("%s does not take %s", s.Do, field)
		}
	}
	if s.Do == "edit" && s.NewSubject == "" && s.Body == "" {
		return errors.New("edit needs newSubject or body")
	}
	switch s.Flag {
	case "", "NotFlagged", "Flagged", "Complete":
		return nil
	}
	return fmt.Errorf("flag %q is not one of NotFlagged, Flagged, Complete", s.Flag)
}

// applyPeople adds the policies and plays the steps.
func (d *scenarioData) applyPeople(srv *Server) error {
	for i, p := range d.Policies {
		if err := p.add(srv.Mailbox(p.Mailbox)); err != nil {
			return fmt.Errorf("policies[%d]: %w", i, err)
		}
	}
	var steps []Step
	for i, s := range d.Steps {
		do, err := s.bind(srv.Mailbox(s.Mailbox))
		if err != nil {
			return fmt.Errorf("steps[%d]: %w", i, err)
		}
		steps = append(steps, Step{
			Operation: s.Operation, Call: s.Call, After: s.After, Chance: s.Chance, Once: s.Once,
			Who: srv.Mailbox(s.Mailbox).Person(s.Who), Do: do,
		})
	}
	if len(steps) > 0 {
		srv.Play(steps...)
	}
	return nil
}

func (p *scenarioPolicy) add(box *Mailbox) error {
	folder, err := box.named(p.Folder)
	if err != nil {
		return err
	}
	to, err := box.named(p.To)
	if err != nil {
		return err
	}
	own := Policy{
		Name: p.Name, Trigger: triggers[p.Trigger], Action: actions[p.Action], Folder: folder, To: to,
		Match: matching(p.Subject, p.MessageID), Age: time.Duration(p.Age), Delay: time.Duration(p.Delay),
	}
	if problem := own.problem(box.box); problem != "" {
		return errors.New(problem)
	}
	box.AddPolicy(own)
	return nil
}

// named returns the folder for a name in a scenario, or nil for an empty name.
func (m *Mailbox) named(name string) (*Folder, error) {
	if name == "" {
		return nil, nil
	}
	f := m.folderAt(name)
	if f == nil {
		return nil, fmt.Errorf("folder %q is neither a path of names beginning with / nor a well-known folder of mailbox %s", name, m.Address())
	}
	return f, nil
}

// matching returns a function that accepts messages with a subject and a
// Message-ID; an empty one means any.
func matching(subject, messageID string) func(*Message) bool {
	return func(m *Message) bool {
		return (subject == "" || m.Subject == subject) && (messageID == "" || m.MessageID == messageID)
	}
}
