package quarantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// planned returns the targets of a plan, each with its server and reasons.
func planned(p *quarantine.Plan) (all []string) {
	for _, t := range p.Targets {
		var line strings.Builder
		line.WriteString(fmt.Sprintf("%s %s on %s", t.Target.Mailbox, t.Target.MessageID, t.Server))
		for _, why := range t.Why {
			switch why.Kind {
			case quarantine.OriginGroup:
				line.WriteString(fmt.Sprintf(", member of %s by %s", why.Group, why.Via))
			case quarantine.OriginForward:
				line.WriteString(fmt.Sprintf(", forward %d from %s of %s", why.Depth, why.From, why.Parent))
			default:
				line.WriteString(", " + string(why.Kind))
			}
		}
		all = append(all, line.String())
	}
	return all
}

func unplanned(p *quarantine.Plan) (all []string) {
	for _, u := range p.Unplanned {
		all = append(all, fmt.Sprintf("%s %s %s: %t", u.Kind, u.Address, u.Why.Kind, u.Err != nil))
	}
	return all
}

func TestPlan(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil, "b.test")
	a.AddList("all@a.test", "alice@a.test", "team@b.test", "partner@c.test", "quarantine@a.test", "secret@a.test")
	a.AddList("secret@a.test", "carol@a.test")
	a.Fail(ewstest.When{Operation: ews.OpExpandDL, Skip: 1, Times: 1}, ewstest.FaultCode("ErrorNameResolutionNoResults"))
	b.AddList("team@b.test", "bob@b.test")
	for _, w := range []*world{a, b} {
		for _, name := range []string{"alice@", "bob@"} {
			w.Mailbox(name + w.Domain()).Deliver(eml(evil, "Lure"))
		}
	}
	a.sends("alice@a.test", "<f1@a.test>", "carol@b.test, friend@c.test, bob@b.test", "In-Reply-To: "+evil)
	b.Mailbox("carol@b.test").Deliver(eml("<f1@a.test>", "Fwd: Lure"))
	lure := quarantine.Target{MessageID: evil, Reason: "phishing"}
	in := func(mailbox, id string) quarantine.Target {
		return quarantine.Target{Mailbox: mailbox, MessageID: id, Reason: "phishing"}
	}
	stages := map[quarantine.PlanStage]quarantine.PlanStep{}
	plan, err := r.Plan(t.Context(), quarantine.PlanRequest{
		Targets: []quarantine.Target{in("bob@a.test", evil), in("BOB@a.test", "1@evil.example"), in("alice@d.test", evil), in("quarantine@b.test", evil)},
		Groups: []quarantine.GroupTarget{
			{Group: "all@a.test", Target: lure}, {Group: "team@b.test", Target: lure}, {Group: "nothing@b.test", Target: lure},
		},
		Forwards: &quarantine.ForwardOptions{MaxDepth: 1},
		Progress: func(s quarantine.PlanStep) { stages[s.Stage] = s },
	})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"bob@a.test <1@evil.example> on A, named",
		"alice@d.test <1@evil.example> on , named",
		"quarantine@b.test <1@evil.example> on B, named",
		"alice@a.test <1@evil.example> on A, member of all@a.test by all@a.test",
		"bob@b.test <1@evil.example> on B, member of all@a.test by team@b.test, member of team@b.test by team@b.test",
		"alice@a.test <f1@a.test> on A, forward 1 from alice@a.test of <1@evil.example>",
		"carol@b.test <f1@a.test> on B, forward 1 from alice@a.test of <1@evil.example>",
		"bob@b.test <f1@a.test> on B, forward 1 from alice@a.test of <1@evil.example>",
	}, planned(plan))
	assert.Equal(t, []string{
		"outside quarantine@a.test group: false",
		"outside partner@c.test group: false",
		"unknown secret@a.test group: true",
		"unknown nothing@b.test group: true",
		"outside friend@c.test forward: false",
		"unknown carol@b.test forward: true",
		"unknown bob@b.test forward: true",
		"unknown alice@d.test : true",
		"unknown quarantine@b.test : true",
	}, unplanned(plan))
	require.NotNil(t, plan.Targets[1].Unlocated)
	assert.False(t, plan.Complete())
	assert.Equal(t, map[quarantine.PlanStage]quarantine.PlanStep{
		quarantine.PlanExpanding: {Stage: quarantine.PlanExpanding, About: "nothing@b.test", Total: 1, Begun: 1, Done: 1, Failed: 1},
		quarantine.PlanFollowing: {Stage: quarantine.PlanFollowing, Total: 5, Begun: 5, Done: 5, Failed: 2},
		quarantine.PlanLocating:  {Stage: quarantine.PlanLocating, Total: 8, Begun: 8, Done: 8, Failed: 1},
	}, stages)

	// A queue carries it to another process, which runs it in parts.
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	var carried quarantine.Plan
	require.NoError(t, json.Unmarshal(text, &carried))
	again, err := json.Marshal(&carried)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(again))
	assert.Equal(t, planned(plan), planned(&carried))
	assert.Equal(t, unplanned(plan), unplanned(&carried))

	other, err := quarantine.NewRouter([]quarantine.Route{
		{Service: a.newService(t, serverNamed("A")), Domains: []string{"a.test"}},
		{Service: b.newService(t, serverNamed("B")), Domains: []string{"b.test"}},
	}, nil)
	require.NoError(t, err)
	outcomes := map[quarantine.Outcome]int{}
	parts, failed := 0, 0
	for part := range carried.Parts(3) {
		parts++
		for receipt, err := range other.QuarantineAll(t.Context(), part.All()) {
			if err != nil {
				failed++
				continue
			}
			require.NoError(t, receipt.Err())
			outcomes[receipt.Outcome()]++
		}
	}
	assert.Equal(t, 3, parts)
	assert.Equal(t, 2, failed, "a mailbox that nobody has, and a quarantine mailbox")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: 5, quarantine.NotFound: 1}, outcomes)
}

// serverNamed are the options of another process's service.
func serverNamed(name string) worldOptions {
	return worldOptions{impersonation: name == "B", settings: func(o *quarantine.Options) { o.Name, o.Journal = name, nil }}
}

// Messages described by criteria are searched for, to be followed, and taken by the
// criteria.
func TestPlanByCriteria(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{settings: func(o *quarantine.Options) { o.CriteriaSearch = true }})
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service}}, nil)
	require.NoError(t, err)
	w.Mailbox(alice).Deliver(eml(evil, "Lure"))
	w.Mailbox(alice).Deliver(eml("<2@evil.example>", "Lure"))
	w.sends(alice, "<f1@a.test>", bob, "In-Reply-To: <2@evil.example>")
	described := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Lure"}, Reason: "phishing"}
	plan, err := r.Plan(t.Context(), quarantine.PlanRequest{
		Targets: []quarantine.Target{described, {Mailbox: bob, Criteria: quarantine.Criteria{Subject: "Lure"}}}, Forwards: &quarantine.ForwardOptions{MaxDepth: 1}, SkipServers: true,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{
		alice + "  on , named", bob + "  on , named",
		alice + " <f1@a.test> on , forward 1 from " + alice + " of <2@evil.example>",
		bob + " <f1@a.test> on , forward 1 from " + alice + " of <2@evil.example>",
	}, planned(plan))
	assert.Equal(t, "phishing", plan.Targets[2].Target.Reason)

	var parts [][]string
	for part := range plan.Parts(1) {
		parts = append(parts, planned(part))
	}
	require.Len(t, parts, 3, "what criteria describe stays together")
	assert.Len(t, parts[0], 2)

	plan, err = r.Plan(t.Context(), quarantine.PlanRequest{
		Targets:  []quarantine.Target{{Mailbox: alice, Criteria: quarantine.Criteria{Recipient: alice}}}, // without a time
		Forwards: &quarantine.ForwardOptions{},
	})
	require.NoError(t, err)
	require.Len(t, plan.Unplanned, 1)
	assert.ErrorIs(t, plan.Unplanned[0].Err, quarantine.ErrInvalid)
	assert.False(t, plan.Complete())
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	r := newRouter(t, nil, newLedger("A"))
	_, err := r.Plan(t.Context(), quarantine.PlanRequest{
		Groups: []quarantine.GroupTarget{
			{Group: "team", Target: quarantine.Target{MessageID: evil}}, {Group: "team@a.test"},
			{Group: "team@a.test", Target: quarantine.Target{Mailbox: alice, MessageID: evil}},
		},
		Expand: &quarantine.ExpandOptions{MaxDepth: -1}, Forwards: &quarantine.ForwardOptions{MaxDepth: -1},
	})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	var fields []string
	for _, p := range quarantine.Problems(err) {
		fields = append(fields, p.Field)
	}
	assert.Equal(t, []string{
		"groups[0].group", "groups[1].target.messageId", "groups[2].target.mailbox",
		"MaxDepth, MaxMembers or MaxGroups", "MaxDepth or MaxCopies",
	}, fields)

	for name, text := range map[string]string{
		"no version":    `{"targets":[]}`,
		"later version": `{"version":2,"targets":[],"steps":[]}`,
	} {
		assert.ErrorIs(t, json.Unmarshal([]byte(text), new(quarantine.Plan)), quarantine.ErrInvalid, name)
	}
	assert.Error(t, json.Unmarshal([]byte(`{"version":1,"targets":{}}`), new(quarantine.Plan)))
	assert.Panics(t, func() { (&quarantine.Plan{}).Parts(0) })
	empty, err := json.Marshal(quarantine.Plan{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"version":1,"targets":[],"unplanned":[]}`, string(empty))
}

// There is no plan if it cannot be completed.
func TestPlanEndsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for _, stage := range []quarantine.PlanStage{quarantine.PlanExpanding, quarantine.PlanSearching, quarantine.PlanFollowing, quarantine.PlanLocating} {
		r, a, _ := twoOrganisations(t, nil, "b.test")
		a.AddList("all@a.test", "alice@a.test")
		ctx, cancel := context.WithCancelCause(t.Context())
		plan, err := r.Plan(ctx, quarantine.PlanRequest{
			Targets: []quarantine.Target{
				{Mailbox: "alice@a.test", MessageID: evil}, {Mailbox: "bob@a.test", Criteria: quarantine.Criteria{Subject: "Lure"}},
			},
			Groups:   []quarantine.GroupTarget{{Group: "all@a.test", Target: quarantine.Target{MessageID: evil}}},
			Forwards: &quarantine.ForwardOptions{},
			Progress: func(s quarantine.PlanStep) {
				if s.Stage == stage {
					cancel(stop)
				}
			},
		})
		assert.ErrorIs(t, err, stop, stage)
		assert.Nil(t, plan, stage)
	}
}

// Plans stay in queues while versions change: testdata/plan-1.json was written by
// the version of 2026-11-29.
func TestPlanOfEarlierVersions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/plan-1.json")
	require.NoError(t, err)
	var plan quarantine.Plan
	require.NoError(t, json.Unmarshal(text, &plan))
	want := quarantine.Plan{
		Targets: []quarantine.PlannedTarget{
			{
				Target: quarantine.Target{Mailbox: alice, MessageID: evil, Reason: "phishing"}, Server: "Head office",
				Why: []quarantine.Origin{
					{Kind: quarantine.OriginNamed}, {Kind: quarantine.OriginGroup, Group: "all@example.test", Via: "team@example.test"},
					{Kind: quarantine.OriginForward, From: bob, Parent: "<2@evil.example>", By: "inReplyTo", Depth: 2},
				},
			},
			{
				Target: quarantine.Target{Mailbox: bob, Criteria: quarantine.Criteria{
					Sender: "mallory@evil.example", ReceivedAfter: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
				}},
				Unlocated: &quarantine.Failure{Message: "no server has this mailbox", Transient: true},
				Why:       []quarantine.Origin{{Kind: quarantine.OriginNamed}},
			},
		},
		Unplanned: []quarantine.Unplanned{
			{Kind: quarantine.UnplannedOutside, Address: "partner@other.example", MessageID: evil, Server: "Head office", Why: quarantine.Origin{Kind: quarantine.OriginGroup, Group: "all@example.test", Via: "all@example.test"}},
			{Kind: quarantine.UnplannedUnknown, Address: alice, MessageID: evil, Err: &quarantine.Failure{Message: "the server is busy", Code: "ErrorServerBusy", Transient: true}},
		},
	}
	assert.Equal(t, want, plan)
	written, err := json.Marshal(want)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(written))
	assert.Equal(t, []string{alice, bob}, slices.Collect(func(yield func(string) bool) {
		for target := range plan.All() {
			if !yield(target.Mailbox) {
				return
			}
		}
	}))
}

// A plan from a queue says that it is not complete, with a kind that this version does not
// know.
func TestPlanOfAnUnknownKind(t *testing.T) {
	t.Parallel()
	for kind, complete := range map[string]bool{"outside": true, "unknown": false, "later": false, "": false} {
		var p quarantine.Plan
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"version":1,"targets":[],"unplanned":[{"kind":%q,"address":"a@b.test"}]}`, kind), &p))
		assert.Equal(t, complete, p.Complete(), kind)
	}
}

// What a plan says must not be lost: a condition that this version does not know would make it
// take more than was meant.
func TestPlanWithAnUnknownCondition(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"criterion": `{"version":1,"targets":[{"target":{"mailbox":"a@b.test","criteria":{"recipient":"a@b.test","subjekt":"x"}},"why":[]}],"unplanned":[]}`,
		"target":    `{"version":1,"targets":[{"target":{"mailbox":"a@b.test","messageId":"<1@x>","folder":"x"},"why":[]}],"unplanned":[]}`,
	} {
		var p quarantine.Plan
		err := json.Unmarshal([]byte(text), &p)
		require.ErrorIs(t, err, quarantine.ErrInvalid, name)
		assert.ErrorContains(t, err, "unknown field")
		assert.Empty(t, p.Targets)
	}
}
