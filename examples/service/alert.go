package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Limits on what callers may send.
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
	// Report is the report that it comes from, or nil if it was posted.
	Report *reportRef `json:"report,omitempty"`
	// Results and Restored are the results of the two actions, as far as known.
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
	stateRunning state = "running" // or was running when the process ended
	// stateUndecided: some message may still be on its way, so the alert waits until
	// that is settled.
	stateUndecided state = "undecided"
	stateDone      state = "done"
)

// result is what became of one mailbox.
type result struct {
	Mailbox string              `json:"mailbox"`
	Outcome quarantine.Outcome  `json:"outcome,omitempty"`
	Receipt *quarantine.Receipt `json:"receipt,omitempty"` // nil if the mailbox could not be searched
	Error   string              `json:"error,omitempty"`
}

// resultsOf returns the field for the results of an action.
func (a *alert) resultsOf(what action) *[]result {
	if what == actionRestore {
		return &a.Restored
	}
	return &a.Results
}

// settled reports whether an action need not be run again for a mailbox.
func (a *alert) settled(what action, mailbox string) bool {
	return slices.ContainsFunc(*a.resultsOf(what), func(r result) bool { return r.Mailbox == mailbox && r.Error == "" })
}

// target returns the target of an order in one mailbox.
func (o *order) target(mailbox string) quarantine.Target {
	return quarantine.Target{Mailbox: mailbox, MessageID: o.MessageID, Criteria: o.Criteria, Reason: o.Reason, Reference: o.ID}
}

// same reports whether two orders ask for the same thing.
func (o *order) same(p *order) bool {
	a, errA := json.Marshal(o)
	b, errB := json.Marshal(p)
	return errA == nil && errB == nil && string(a) == string(b)
}

// idempotencyKey returns the key of a request, or "" if it has none. According to
// draft-ietf-httpapi-idempotency-key-header it is a quoted string; in practice it often
// is not. An empty one is refused: a caller that sends it relies on it, and each repetition
// would be a new alert.
func idempotencyKey(h http.Header) (string, error) {
	const name = "Idempotency-Key"
	keys := h.Values(name)
	switch {
	case len(keys) == 0:
		return "", nil
	case len(keys) > 1:
		return "", badField(name, "is sent more than once; send one")
	}
	key := keys[0]
	if len(key) >= 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	if key == "" {
		return "", badField(name, "is empty; send the same key with each repetition of a request, or leave it out")
	}
	return key, nil
}

// readOrder reads the body of a request and its idempotency key, which may be empty.
// The key becomes the id of the alert, so repeating the request leads to the same
// alert.
func readOrder(key string, body io.Reader) (order, error) {
	var o order
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		return o, badJSON(err)
	}
	if _, err := in.Token(); err == nil {
		return o, badField("", "something follows the object; send one alert per request")
	} else if !errors.Is(err, io.EOF) {
		return o, badJSON(err)
	}
	if key != "" {
		if o.ID != "" && o.ID != key {
			return o, badField("id", "differs from the header Idempotency-Key; send only one of them")
		}
		o.ID = key
	}
	if o.ID == "" {
		o.ID = rand.Text()
	}
	return o, o.check()
}

// readNothing reads the body of a request that needs none: nothing, or an object
// without fields.
func readNothing(body io.Reader) error {
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	err := in.Decode(&struct{}{})
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return badJSON(err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return badField("", "something follows the object; send {} or nothing")
	}
	return nil
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)

// check refuses an invalid order, and drops mailboxes that are given twice.
func (o *order) check() error {
	if !validID.MatchString(o.ID) {
		return badField("id", "cannot be used in a URL (nor can the header Idempotency-Key); give 1 to 100 letters, digits, '-', '.', '_' or '~', starting with a letter or digit")
	}
	if len(o.Mailboxes) == 0 || len(o.Mailboxes) > maxMailboxes {
		return badField("mailboxes", fmt.Sprintf("has %d members; give 1 to %d addresses", len(o.Mailboxes), maxMailboxes))
	}
	seen := make(map[string]bool, len(o.Mailboxes))
	for i, m := range o.Mailboxes {
		// The Message-ID is valid, so any error is about the address.
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

// problemsOf describes what is wrong with a field; the response already names the field.
func problemsOf(err error) string {
	var all []string
	for _, p := range quarantine.Problems(err) {
		all = append(all, p.Problem)
	}
	return strings.Join(all, "; ")
}

// badJSON converts an error of encoding/json to a problem that names the field, if the error
// does.
func badJSON(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errLarge()
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return &problem{Status: http.StatusRequestTimeout, Detail: fmt.Sprintf("the request was not sent within %v", readTime)}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badField(wrong.Field, "cannot be a JSON "+wrong.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if field, err := strconv.Unquote(name); err == nil {
			return badField(field, "is unknown; leave it out")
		}
	}
	return badField("", "the body is not a JSON alert: "+err.Error())
}

func errLarge() error {
	return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes; send several alerts", maxBody)}
}

// limited returns the body of a request, which must be JSON. A body that is too long
// according to its header is not read at all.
func limited(w http.ResponseWriter, r *http.Request) (io.Reader, error) {
	if err := sendsJSON(r); err != nil {
		return nil, err
	}
	if r.ContentLength > maxBody {
		w.Header().Set("Connection", "close")
		return nil, errLarge()
	}
	return http.MaxBytesReader(w, r.Body, maxBody), nil
}
