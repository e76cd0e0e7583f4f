package main

import (
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// repeats are lines for people that say the same about many targets, as when a password is
// wrong or a server is down. The first is shown, the others are counted.
type repeats struct {
	order []*repeat
	by    map[string]*repeat
}

// repeat is one of them.
type repeat struct {
	more    int
	outcome quarantine.Outcome
	server  string
	problem string
}

// again reports whether a line says no more than an earlier one. Nothing that was found or
// begun is left out.
func (r *repeats) again(line result) bool {
	if line.ok() || line.Receipt != nil || isAside(line.Outcome) {
		return false
	}
	same := strings.NewReplacer(line.Mailbox, "the mailbox")
	if line.MessageID != "" {
		same = strings.NewReplacer(line.Mailbox, "the mailbox", line.MessageID, "the message")
	}
	one := repeat{outcome: line.Outcome, problem: strings.ReplaceAll(same.Replace(line.problem()), "\n", "; ")}
	if !line.single {
		one.server = line.Server
	}
	key := fmt.Sprint(one)
	if before := r.by[key]; before != nil {
		before.more++
		return true
	}
	if r.by == nil {
		r.by = make(map[string]*repeat)
	}
	r.by[key] = &one
	r.order = append(r.order, &one)
	return false
}

// lines returns, for each, how many more there were.
func (r *repeats) lines() []string {
	var all []string
	for _, one := range r.order {
		if one.more == 0 {
			continue
		}
		where := ""
		if one.server != "" {
			where = " on " + one.server
		}
		all = append(all, fmt.Sprintf("%s %s%s: %s", count(one.more, "more target"), words(one.outcome), where, one.problem))
	}
	return all
}
