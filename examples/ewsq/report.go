package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// listedFolders is how many unsearched folders the report lists; the receipts list all.
const listedFolders = 20

// report sums up a run: the outcomes of the targets, and how completely the mailboxes were
// searched.
type report struct {
	targets, failed int
	outcomes        map[quarantine.Outcome]int
	servers         map[string]*serverSum
}

// serverSum sums up what was searched on a server.
type serverSum struct {
	copies    int
	mailboxes map[string]*coverage // by address in lower case
}

// coverage is how completely a mailbox was searched. A mailbox with several targets
// counts once, with the largest numbers of any of them.
type coverage struct {
	folders, pages int
	unsearched     map[string]quarantine.Cause // by folder, in words
	failed         bool                        // not searched at all for some target
}

func newReport() *report {
	return &report{outcomes: make(map[quarantine.Outcome]int), servers: make(map[string]*serverSum)}
}

func (p *report) add(r result) {
	p.targets++
	p.outcomes[r.Outcome]++
	if !r.ok() {
		p.failed++
	}
	if isAside(r.Outcome) {
		return
	}
	sum := p.servers[r.Server]
	if sum == nil {
		sum = &serverSum{mailboxes: make(map[string]*coverage)}
		p.servers[r.Server] = sum
	}
	sum.copies += r.Copies
	key := strings.ToLower(r.Mailbox)
	c := sum.mailboxes[key]
	if c == nil {
		c = &coverage{}
		sum.mailboxes[key] = c
	}
	if r.Receipt == nil {
		c.failed = true
		return
	}
	pages := 0
	for _, f := range r.Receipt.Searched {
		pages += f.Pages
	}
	c.folders, c.pages = max(c.folders, len(r.Receipt.Searched)), max(c.pages, pages)
	for _, u := range r.Receipt.Unsearched {
		if c.unsearched == nil {
			c.unsearched = make(map[string]quarantine.Cause)
		}
		of := r.Mailbox
		if u.Mailbox != "" {
			of = u.Mailbox + " (the quarantine mailbox)"
		}
		c.unsearched[cmp.Or(u.Folder.Path, "the rest")+" in "+of] = u.Cause
	}
}

// sum returns the line that counts the targets by outcome.
func (p *report) sum() string { return count(p.targets, "target") + ": " + outcomes(p.outcomes) }

// outcomes counts by outcome.
func outcomes(of map[quarantine.Outcome]int) string {
	var parts []string
	for _, o := range []quarantine.Outcome{
		quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.Restored, quarantine.AlreadyRestored,
		quarantine.Found, quarantine.NotFound, quarantine.Refused, quarantine.NotBegun, quarantine.Undecided, quarantine.Failed, outside, unknown,
	} {
		if n := of[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words(o)))
		}
	}
	return strings.Join(parts, ", ")
}

// completeness returns lines that report what was searched, what was not, and why.
func (p *report) completeness() []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(p.servers)) {
		lines = append(lines, p.servers[name].lines(name, len(p.servers) == 1)...)
	}
	return lines
}

func (s *serverSum) lines(name string, only bool) []string {
	var folders, pages, part, none int
	causes := make(map[quarantine.Cause]int)
	var list []string
	for _, address := range slices.Sorted(maps.Keys(s.mailboxes)) {
		c := s.mailboxes[address]
		folders += c.folders
		pages += c.pages
		switch {
		case c.failed && c.folders == 0:
			none++
		case c.failed || len(c.unsearched) > 0:
			part++
		}
		for _, folder := range slices.Sorted(maps.Keys(c.unsearched)) {
			cause := c.unsearched[folder]
			causes[cause]++
			list = append(list, fmt.Sprintf("    not searched: %s, %s", folder, causeWords(cause)))
		}
	}
	head := "searched"
	switch {
	case name != "":
		head = name + ": searched"
	case !only:
		head = "server unknown: searched"
	}
	whole := len(s.mailboxes) - part - none
	text := fmt.Sprintf("%s %d of %s completely", head, whole, count(len(s.mailboxes), "mailbox"))
	if part > 0 {
		text += fmt.Sprintf(", %d in part", part)
	}
	if none > 0 {
		text += fmt.Sprintf(", %d not at all", none)
	}
	text += fmt.Sprintf("; read %s in full, %s; %s", count(folders, "folder"), count(pages, "page"), count2(s.copies, "copy", "copies"))
	if len(list) == 0 {
		return []string{text}
	}
	var parts []string
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		parts = append(parts, fmt.Sprintf("%d %s", causes[cause], causeWords(cause)))
	}
	text += fmt.Sprintf("; %s not searched: %s", count(len(list), "folder"), strings.Join(parts, ", "))
	if len(list) > listedFolders {
		more := len(list) - listedFolders
		list = append(list[:listedFolders], fmt.Sprintf("    and %d more, listed in the receipts", more))
	}
	return append([]string{text}, list...)
}

// causeWords returns a cause in plain words.
func causeWords(c quarantine.Cause) string {
	switch c {
	case quarantine.CauseNotFound:
		return "not found"
	case quarantine.CauseNoPermission:
		return "no permission"
	case quarantine.CauseUnreachable:
		return "the server did not answer"
	case quarantine.CauseRefused:
		return "refused by the server"
	case quarantine.CauseUndecided:
		return "contains a message that could not be checked"
	}
	return string(c)
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if strings.HasSuffix(noun, "x") {
		return count2(n, noun, noun+"es")
	}
	return count2(n, noun, noun+"s")
}

func count2(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
