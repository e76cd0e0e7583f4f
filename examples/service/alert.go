package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Bounds of what callers may send.
const (
	maxBody      = 1 << 20 // bytes
	maxMailboxes = 5000
)

// order is what a caller posts.
type order struct {
	ID        string              `json:"id"`
	Mailboxes []string            `json:"mailboxes"`
	MessageID string              `json:"messageId,omitempty"`
	Criteria  quarantine.Criteria `json:"criteria,omitzero"`
	Reason    string              `json:"reason,omitempty"`
}

// alert is an order and what became of it.
type alert struct {
	order
	Action   action    `json:"action"`
	State    state     `json:"state"`
	Received time.Time `json:"received"`
	// Results and Restored are those of the two actions, as far as they are known.
	Results  []result `json:"results,omitempty"`
	Restored []result `json:"restored,omitempty"`
}

type action string

const (
	actionQuarantine action = "quarantine"
	actionRestore    action = "restore"
)

type state string

const (
	stateQueued  state = "queued"
	stateRunning state = "running" // or it was when the process ended
	stateDone    state = "done"
)

// result is what became of one mailbox.
type result struct {
	Mailbox string              `json:"mailbox"`
	Outcome quarantine.Outcome  `json:"outcome,omitempty"`
	Receipt *quarantine.Receipt `json:"receipt,omitempty"` // none if nothing could be asked
	Error   string              `json:"error,omitempty"`
}

// resultsOf returns where the results of an action stand.
func (a *alert) resultsOf(what action) *[]result {
	if what == actionRestore {
		return &a.Restored
	}
	return &a.Results
}

// settled reports whether an action needs not be run again for a mailbox.
func (a *alert) settled(what action, mailbox string) bool {
	return slices.ContainsFunc(*a.resultsOf(what), func(r result) bool { return r.Mailbox == mailbox && r.Error == "" })
}

// target returns the target of an order in one mailbox.
func (o *order) target(mailbox string) quarantine.Target {
	return quarantine.Target{Mailbox: mailbox, MessageID: o.MessageID, Criteria: o.Criteria, Reason: o.Reason}
}

// same reports whether two orders ask for the same.
func (o *order) same(p *order) bool {
	a, errA := json.Marshal(o)
	b, errB := json.Marshal(p)
	return errA == nil && errB == nil && string(a) == string(b)
}

// readOrder reads an idempotency key, empty for none, and the body of a request. The key becomes
// the id of the alert, so that repeating the request leads to the same one. It is
// a quoted string by draft-ietf-httpapi-idempotency-key-header, and often is not.
func readOrder(key string, body io.Reader) (order, error) {
	var o order
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		return o, badJSON(err)
	}
	if _, err := in.Token(); err == nil {
		return o, badField("", "something follows the object; send one alert a request")
	} else if !errors.Is(err, io.EOF) {
		return o, badJSON(err)
	}
	if unquoted, err := strconv.Unquote(key); err == nil {
		key = unquoted
	}
	if key != "" {
		if o.ID != "" && o.ID != key {
			return o, badField("id", "differs from the header Idempotency-Key; leave out one of them")
		}
		o.ID = key
	}
	if o.ID == "" {
		o.ID = rand.Text()
	}
	return o, o.check()
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)

// check refuses what cannot be meant, and drops mailboxes that are given twice.
func (o *order) check() error {
	if !validID.MatchString(o.ID) {
		return badField("id", "is not usable in a URL (nor is the header Idempotency-Key); give 1 to 100 letters, digits, '-', '.', '_' and '~', the first a letter or digit")
	}
	if len(o.Mailboxes) == 0 || len(o.Mailboxes) > maxMailboxes {
		return badField("mailboxes", fmt.Sprintf("has %d members; give from 1 to %d addresses", len(o.Mailboxes), maxMailboxes))
	}
	seen := make(map[string]bool, len(o.Mailboxes))
	for i, m := range o.Mailboxes {
		// With a Message-ID that is good, what is wrong is the address.
		if err := (quarantine.Target{Mailbox: m, MessageID: "<any@example.com>"}).Validate(); err != nil {
			return badField(fmt.Sprintf("mailboxes[%d]", i), problemsOf(err))
		}
		seen[strings.ToLower(m)] = false
	}
	o.Mailboxes = slices.DeleteFunc(o.Mailboxes, func(m string) bool {
		key := strings.ToLower(m)
		again := seen[key]
		seen[key] = true
		return again
	})
	if err := o.target(o.Mailboxes[0]).Validate(); err != nil {
		if o.Criteria.IsZero() {
			return badField("messageId", problemsOf(err))
		}
		return badField("criteria", err.Error())
	}
	return nil
}

// problemsOf says what is wrong with a field that the answer names.
func problemsOf(err error) string {
	var all []string
	for _, p := range quarantine.Problems(err) {
		all = append(all, p.Problem)
	}
	return strings.Join(all, "; ")
}

// badJSON names the field in an error of encoding/json, as far as that does.
func badJSON(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body has more than %d bytes; send several alerts", maxBody)}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badField(wrong.Field, "is a JSON "+wrong.Value+", which it cannot be")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if field, err := strconv.Unquote(name); err == nil {
			return badField(field, "is not known; leave it out")
		}
	}
	return badField("", "the body is not the JSON of an alert: "+err.Error())
}
