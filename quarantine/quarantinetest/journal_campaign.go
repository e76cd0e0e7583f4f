package quarantinetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// receiptOf returns the receipt of a finished target.
func receiptOf(n int) *quarantine.Receipt {
	in := intentOf(n)
	in.Target.Mailbox = fmt.Sprintf("user%d@example.test", n)
	return &quarantine.Receipt{
		Action: "quarantine", Server: "onPremises", Target: in.Target, Strategy: "fake", Started: received, Finished: in.At,
		Items: []quarantine.ReceiptItem{{
			Outcome: quarantine.Quarantined, Operation: in.Operation, Folder: "/Inbox", WasRead: true, MessageID: "<a\x00'@evil.example>",
			Size: 1 << 40, Received: received, From: in.From, To: quarantine.Place{Mailbox: "quarantine@example.test", ItemID: "x"},
		}},
		Notes: []string{"Ünïcode \u2028"},
	}
}

// campaigns returns a journal as a CampaignJournal, or nil.
func (x *journalTest) campaigns(j quarantine.Journal) quarantine.CampaignJournal {
	c, _ := j.(quarantine.CampaignJournal)
	return c
}

// marked checks the marks of a campaign, in every way of asking for them.
func (x *journalTest) marked(j quarantine.CampaignJournal, campaign string, want ...*quarantine.Receipt) {
	ctx := context.Background()
	var all, texts []string
	for r, err := range j.Marks(ctx, campaign) {
		x.must(err, "Marks")
		all = append(all, text(r))
	}
	for n := range 6 {
		t := receiptOf(n).Target
		t.Reason = "another"
		got, err := j.Marked(ctx, campaign, t)
		x.must(err, "Marked")
		var expected *quarantine.Receipt
		for _, r := range want {
			if r.Target.Same(t) {
				expected = r
			}
		}
		if text(got) != text(expected) {
			x.errorf("Marked in %q gave %s, want %s", campaign, text(got), text(expected))
		}
		keyed, ok := j.(quarantine.KeyedMarks)
		if !ok {
			continue
		}
		has, err := keyed.HasMark(ctx, campaign, t)
		x.must(err, "HasMark")
		if has != (expected != nil) {
			x.errorf("HasMark in %q gave %v, want %v", campaign, has, expected != nil)
		}
		got, err = keyed.MarkOf(ctx, campaign, t.Key())
		x.must(err, "MarkOf")
		if text(got) != text(expected) {
			x.errorf("MarkOf in %q gave %s, want %s", campaign, text(got), text(expected))
		}
	}
	for _, r := range want {
		texts = append(texts, text(r))
	}
	slices.Sort(all)
	slices.Sort(texts)
	if !slices.Equal(all, texts) {
		x.errorf("Marks of %q gave %v, want %v", campaign, all, texts)
	}
}

func campaignMarks(x *journalTest) {
	j, ctx := x.campaigns(x.open()), context.Background()
	if j == nil {
		return
	}
	mark := func(campaign string, r *quarantine.Receipt) { x.must(j.Mark(ctx, campaign, r), "Mark") }
	x.marked(j, "a")
	x.must(j.Forget(ctx, "a"), "Forget of what is not there")
	x.begin(j, intentOf(0), "a", long)
	mark("a", receiptOf(0))
	mark("a", receiptOf(1))
	mark("ab", receiptOf(1))
	mark("a'%_\\ü", receiptOf(2))
	x.marked(j, "a", receiptOf(0), receiptOf(1))
	x.marked(j, "ab", receiptOf(1))
	x.marked(j, "a'%_\\ü", receiptOf(2))
	x.marked(j, "A")
	x.marked(j, "")

	again := receiptOf(1)
	again.Target.Reason, again.Items[0].Outcome = "another", quarantine.AlreadyQuarantined
	mark("a", again)
	x.marked(j, "a", receiptOf(0), again)
	x.marked(j, "ab", receiptOf(1))

	n := 0
	for range j.Marks(ctx, "a") {
		mark("b", receiptOf(n)) // it must not wait for the loop
		n++
	}
	x.marked(j, "b", receiptOf(0), receiptOf(1))
	for range j.Marks(ctx, "a") {
		break
	}
	x.must(j.Forget(ctx, "a"), "Forget")
	x.marked(j, "a")
	x.marked(j, "ab", receiptOf(1))
	x.marked(j, "b", receiptOf(0), receiptOf(1))
	x.has(j, intentOf(0))
}

func campaignReopened(x *journalTest) {
	j := x.campaigns(x.open())
	if j == nil {
		return
	}
	for n := range 4 {
		x.must(j.Mark(context.Background(), "a", receiptOf(n)), "Mark")
	}
	x.must(j.Mark(context.Background(), "b", receiptOf(0)), "Mark")
	x.must(j.Forget(context.Background(), "b"), "Forget")
	x.close(j)
	j = x.campaigns(x.open())
	x.marked(j, "a", receiptOf(0), receiptOf(1), receiptOf(2), receiptOf(3))
	x.marked(j, "b")
	if !x.store.Alone {
		other := x.campaigns(x.open())
		x.must(other.Mark(context.Background(), "a", receiptOf(4)), "Mark")
		x.marked(j, "a", receiptOf(0), receiptOf(1), receiptOf(2), receiptOf(3), receiptOf(4))
	}
}
