package quarantine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// planVersion is the version of the JSON form of a [Plan] that this package writes. It
// reads this version and earlier ones.
const planVersion = 1

// Plan lists what to take and why, and where there may be more to take that is not known.
// It is plain data: a plan read back from JSON runs just as well in another process,
// whole or in [Plan.Parts], by passing what [Plan.All] returns to [Router.QuarantineAll].
type Plan struct {
	// Targets are the messages to take, each once, those that were named first.
	Targets []PlannedTarget
	// Unplanned are further addresses and messages: where a copy cannot be taken, and
	// where there may be copies that are not known.
	Unplanned []Unplanned
}

// PlannedTarget is a message to take.
type PlannedTarget struct {
	Target Target `json:"target"`
	// Server is the name of the server that has the mailbox, empty if it is not known or
	// has no name. It is for people and for queues: a run of the target finds the server
	// again, because mailboxes move.
	Server string `json:"server,omitempty"`
	// Unlocated says why it is not known which server has the mailbox.
	Unlocated *Failure `json:"unlocated,omitempty"`
	// Why lists how the target comes into the plan, each way once.
	Why []Origin `json:"why"`
}

// OriginKind is how a target comes into a [Plan].
type OriginKind string

// Kinds of origins.
const (
	OriginNamed   OriginKind = "named"   // it was given
	OriginGroup   OriginKind = "group"   // the owner of the mailbox is a member of a group
	OriginForward OriginKind = "forward" // the message was passed on
)

// Origin is why a target is in a [Plan].
type Origin struct {
	Kind OriginKind `json:"kind"`
	// Group is the group that was given, and Via the nested group in which the member
	// was first found.
	Group string `json:"group,omitempty"`
	Via   string `json:"via,omitempty"`
	// From is the mailbox that passed the message on, Parent the Message-ID of what it
	// passed on, By how that was recognised, and Depth how many times it has been
	// passed on since the first mailbox.
	From   string              `json:"from,omitempty"`
	Parent string              `json:"parent,omitempty"`
	By     driver.ForwardTrace `json:"by,omitempty"`
	Depth  int                 `json:"depth,omitempty"`
}

// Unplanned is an address, or a message in a mailbox, for which there is no target.
type Unplanned struct {
	Kind UnplannedKind `json:"kind"`
	// Address is the address, or the name if the server returns no address.
	Address   string   `json:"address"`
	MessageID string   `json:"messageId,omitempty"`
	Criteria  Criteria `json:"criteria,omitzero"`
	// Server is the server whose address book shows the group, if the entry is
	// about a group.
	Server string `json:"server,omitempty"`
	// Why is how the address was found. It is zero for the mailbox of a target whose
	// message could not be followed.
	Why Origin `json:"why,omitzero"`
	// Err says what is not known; a [*Failure] when read from JSON.
	Err error `json:"-"`
}

// UnplannedKind is why there is no target.
type UnplannedKind string

// Kinds of what is not planned.
const (
	// UnplannedOutside means that the address has no mailbox on these servers, or is
	// that of a quarantine mailbox. A copy there stays there.
	UnplannedOutside UnplannedKind = "outside"
	// UnplannedUnknown means that there may be unknown recipients behind it: a group that
	// could not be expanded, or a message that could not be followed.
	UnplannedUnknown UnplannedKind = "unknown"
)

// MarshalJSON encodes the entry. Err becomes its message, its code and whether it is
// transient.
func (u Unplanned) MarshalJSON() ([]byte, error) {
	type plain Unplanned
	return json.Marshal(struct {
		plain
		Err *Failure `json:"error,omitempty"`
	}{plain(u), failureOf(u.Err)})
}

// UnmarshalJSON decodes what MarshalJSON wrote.
func (u *Unplanned) UnmarshalJSON(b []byte) error {
	type plain Unplanned
	var w struct {
		plain
		Err *Failure `json:"error"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*u = Unplanned(w.plain)
	if w.Err != nil {
		u.Err = w.Err
	}
	return nil
}

// wirePlan is the JSON form of a Plan.
type wirePlan struct {
	Version   int             `json:"version"`
	Targets   []PlannedTarget `json:"targets"`
	Unplanned []Unplanned     `json:"unplanned"`
}

// MarshalJSON encodes the plan, with the version of its JSON form.
func (p Plan) MarshalJSON() ([]byte, error) {
	w := wirePlan{Version: planVersion, Targets: p.Targets, Unplanned: p.Unplanned}
	if w.Targets == nil {
		w.Targets = []PlannedTarget{}
	}
	if w.Unplanned == nil {
		w.Unplanned = []Unplanned{}
	}
	return json.Marshal(w)
}

// UnmarshalJSON decodes what MarshalJSON wrote. The error matches [ErrInvalid] if the JSON
// is not a plan, has a version that this package does not know, or has a target with an
// unknown field: what such a plan says must not be lost.
func (p *Plan) UnmarshalJSON(b []byte) error {
	var w wirePlan
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	switch {
	case w.Version == 0:
		return driver.Invalid("plan", "version", "is missing; pass what Plan.MarshalJSON wrote")
	case w.Version < 0 || w.Version > planVersion:
		return driver.Invalid("plan", "version", fmt.Sprintf("is %d, and this version of the package knows up to %d; use the version that wrote it", w.Version, planVersion))
	}
	if err := checkTargets(b); err != nil {
		return err
	}
	*p = Plan{Targets: w.Targets, Unplanned: w.Unplanned}
	return nil
}

// checkTargets refuses conditions that this version does not know: without them, a target
// would ask for more than was meant.
func checkTargets(plan []byte) error {
	var w struct {
		Targets []struct {
			Target json.RawMessage `json:"target"`
		} `json:"targets"`
	}
	if err := json.Unmarshal(plan, &w); err != nil {
		return err
	}
	for i, t := range w.Targets {
		d := json.NewDecoder(bytes.NewReader(t.Target))
		d.DisallowUnknownFields()
		if err := d.Decode(new(Target)); err != nil && len(t.Target) > 0 {
			return driver.Invalid("plan", fmt.Sprintf("targets[%d].target", i), fmt.Sprintf("cannot be read whole (%v); use the version that wrote it", err))
		}
	}
	return nil
}

// All returns the targets, for [Router.QuarantineAll] and [Router.FindAll].
func (p *Plan) All() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		for _, t := range p.Targets {
			if !yield(t.Target) {
				return
			}
		}
	}
}

// Complete reports whether everything there is to take is known to be in the plan: nothing
// is unknown, and every mailbox is located, if that was asked for. An entry of a kind that
// this version does not know counts as unknown.
func (p *Plan) Complete() bool {
	return !slices.ContainsFunc(p.Unplanned, func(u Unplanned) bool { return u.Kind != UnplannedOutside }) &&
		!slices.ContainsFunc(p.Targets, func(t PlannedTarget) bool { return t.Unlocated != nil })
}

// Parts returns plans of at most n targets each that together contain all targets, to be
// run one by one or by several processes. The first contains all of Unplanned. Targets
// with criteria stay together, however many there are, because [Limits] count what they
// match in one call. It panics if n is less than 1.
func (p *Plan) Parts(n int) iter.Seq[*Plan] {
	if n < 1 {
		panic("quarantine: a part of a plan must have at least one target")
	}
	return func(yield func(*Plan) bool) {
		var described, named []PlannedTarget
		for _, t := range p.Targets {
			if t.Target.byCriteria() {
				described = append(described, t)
			} else {
				named = append(named, t)
			}
		}
		unplanned := p.Unplanned
		if len(described) > 0 || len(named) == 0 {
			if !yield(&Plan{Targets: described, Unplanned: unplanned}) {
				return
			}
			unplanned = nil
		}
		for part := range slices.Chunk(named, n) {
			if !yield(&Plan{Targets: part, Unplanned: unplanned}) {
				return
			}
			unplanned = nil
		}
	}
}

// planKey is equal for targets that ask for the same messages, however the address
// and the id are written.
type planKey struct {
	mailbox, messageID string
	criteria           Criteria
}

func keyOf(t Target) planKey {
	t = t.asked()
	return planKey{strings.ToLower(t.Mailbox), driver.BareMessageID(t.MessageID), t.Criteria}
}
