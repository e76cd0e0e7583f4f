package quarantinetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// intentOf returns an intent of an operation. Intents whose numbers differ by 3 have the
// same target.
func intentOf(n int) quarantine.Intent {
	at := received.Add(time.Duration(n) * time.Second)
	return quarantine.Intent{
		Operation: fmt.Sprintf("operation%d", n), Direction: driver.ToQuarantine, Server: "onPremises",
		Quarantine: "quarantine@example.test", Target: quarantine.Target{Mailbox: fmt.Sprintf("user%d@example.test", n%3), MessageID: theID, Reason: fmt.Sprint("alert ", n), Reference: fmt.Sprint("case ", n)},
		From:      quarantine.Place{Mailbox: "alice@example.test", Folder: driver.Folder{ID: "F/+=", Path: "/Inbox"}, ItemID: fmt.Sprint("item", n)},
		MessageID: theID, Received: received, At: at, Attempt: fmt.Sprint("attempt", n), Lease: at.Add(21 * time.Minute),
	}
}

// text returns the JSON form of a value, in which equal times look the same.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// begin begins an intent.
func (x *journalTest) begin(j quarantine.Journal, in quarantine.Intent, owner string, lease time.Duration) quarantine.Claim {
	c, err := j.Begin(context.Background(), in, owner, lease)
	x.must(err, "Begin")
	x.right(c, in.Operation, owner)
	return c
}

// claim claims an intent that nobody holds.
func (x *journalTest) claim(j quarantine.Journal, in quarantine.Intent, owner string) quarantine.Claim {
	var got quarantine.Intent
	var c quarantine.Claim
	err := x.patient(func() (err error) {
		got, c, err = j.Claim(context.Background(), in.Operation, owner, long)
		return err
	})
	x.must(err, "Claim of what nobody holds")
	x.same("Claim", got, in)
	x.right(c, in.Operation, owner)
	return c
}

// right checks the fields of a claim.
func (x *journalTest) right(c quarantine.Claim, operation, owner string) {
	if c.Operation != operation || c.Owner != owner || c.Until.IsZero() {
		x.errorf("the claim of %q to %q is %+v", owner, operation, c)
	}
}

// grown checks that a token is greater than those of earlier claims.
func (x *journalTest) grown(c quarantine.Claim, earlier ...quarantine.Claim) {
	for _, e := range earlier {
		if c.Token <= e.Token {
			x.errorf("a claim has the token %d, an earlier one of the operation %d: it must grow", c.Token, e.Token)
		}
	}
}

func isHeld(err error) bool { return errors.Is(err, quarantine.ErrHeld) }

// held checks that an error names the holder of an operation.
func (x *journalTest) held(what string, err error, operation, owner string) {
	held, ok := errors.AsType[*quarantine.HeldError](err)
	if !ok || !isHeld(err) || held.Operation != operation || held.Owner != owner || held.Until.IsZero() {
		x.errorf("%s of what another holds: %v, want a HeldError of %q with operation, owner and time", what, err, owner)
	}
}

// lost checks that a claim is no longer valid.
func (x *journalTest) lost(j quarantine.Journal, c quarantine.Claim) {
	if _, err := j.Renew(context.Background(), c, long); !errors.Is(err, quarantine.ErrClaimLost) {
		x.errorf("Renew with a lost claim: %v, want ErrClaimLost", err)
	}
	if err := j.Finish(context.Background(), c); !errors.Is(err, quarantine.ErrClaimLost) {
		x.errorf("Finish with a lost claim: %v, want ErrClaimLost", err)
	}
}

func (x *journalTest) finish(j quarantine.Journal, c quarantine.Claim) {
	x.must(j.Finish(context.Background(), c), "Finish")
}

func (x *journalTest) same(what string, got, want quarantine.Intent) {
	if text(got) != text(want) {
		x.errorf("%s gave %s, want %s", what, text(got), text(want))
	}
}

func (x *journalTest) sameAll(what string, got, want []quarantine.Intent) {
	if text(got) != text(want) && len(got)+len(want) > 0 {
		x.errorf("%s gave %s, want %s", what, text(got), text(want))
	}
}

// pending returns what Pending yields.
func (x *journalTest) pending(j quarantine.Journal) (all []quarantine.Intent, errs []error) {
	for in, err := range j.Pending(context.Background()) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, in)
	}
	return all, errs
}

// has checks the contents of a journal, in every way of asking for them.
func (x *journalTest) has(j quarantine.Journal, want ...quarantine.Intent) {
	all, errs := x.pending(j)
	x.must(errors.Join(errs...), "Pending")
	x.sameAll("Pending", all, want)
	for _, in := range want {
		got, found, err := j.FindOperation(context.Background(), in.Operation)
		x.must(err, "FindOperation")
		if !found {
			x.errorf("FindOperation does not find %q", in.Operation)
		}
		x.same("FindOperation", got, in)
	}
	for n := range 3 {
		t := intentOf(n).Target
		t.Reason = "another"
		got, err := j.FindTarget(context.Background(), t)
		x.must(err, "FindTarget")
		x.sameAll("FindTarget", got, slices.DeleteFunc(slices.Clone(want), func(in quarantine.Intent) bool { return !in.Target.Same(t) }))
	}
}

func emptyJournal(x *journalTest) {
	j, ctx := x.open(), context.Background()
	x.has(j)
	if _, found, err := j.FindOperation(ctx, "none"); found || err != nil {
		x.errorf("FindOperation of nothing: %t, %v", found, err)
	}
	if _, _, err := j.Claim(ctx, "none", "a", long); !errors.Is(err, quarantine.ErrNoIntent) {
		x.errorf("Claim of nothing: %v, want ErrNoIntent", err)
	}
	none := quarantine.Claim{Operation: "none", Owner: "a", Token: 1}
	if _, err := j.Renew(ctx, none, long); !errors.Is(err, quarantine.ErrClaimLost) {
		x.errorf("Renew of nothing: %v, want ErrClaimLost", err)
	}
	x.finish(j, none)
	x.has(j)
}

// wholeIntent: everything in an intent comes back. The Message-ID is chosen by the
// sender.
func wholeIntent(x *journalTest) {
	j := x.open()
	in := intentOf(0)
	in.Target = quarantine.Target{Mailbox: "o'neill@example.test", Criteria: quarantine.Criteria{
		Sender: "mallory@evil.example", ReplyTo: "collect@evil.example", Recipient: "o'neill@example.test", Subject: "Ré: \"; DROP TABLE intents; --", SubjectMatch: quarantine.SubjectPrefix,
		ReceivedAfter: received, ReceivedBefore: received.Add(time.Hour),
		AttachmentName: "a.exe", AttachmentSHA256: strings.Repeat("5e", 32), URL: "https://evil.example/a",
	}, Reason: "<b>\\ \u2028 %s $1 ?", Reference: "\"'\\ ünïcode"}
	in.MessageID = "<a\x00b\x01'\"\\\U0001F600@evil.example>"
	in.At = received.Add(123_456_789)
	in.From.IDs = driver.SystemEWS
	in.From.Folder = driver.Folder{ID: "F/+=", Path: "/Posteingang/Ünïcode\t", Base: "inbox", Below: "Ünïcode\t", Recoverable: true}
	x.begin(j, in, "a", long)
	bare := quarantine.Intent{Operation: "bare", At: received.Add(time.Hour)}
	x.begin(j, bare, "a", long)
	x.has(j, in, bare)
	got, err := j.FindTarget(context.Background(), in.Target)
	x.must(err, "FindTarget")
	x.sameAll("FindTarget", got, []quarantine.Intent{in})
	_, c, err := j.Claim(context.Background(), in.Operation, "a", long)
	x.must(err, "Claim")
	x.finish(j, c)
	x.has(j, bare)
}

func replacedIntent(x *journalTest) {
	j := x.open()
	first := x.begin(j, intentOf(0), "a", long)
	x.begin(j, intentOf(1), "a", long)
	again := intentOf(2)
	again.Operation, again.Direction = intentOf(0).Operation, driver.ToUser
	second := x.begin(j, again, "a", long)
	x.grown(second, first)
	x.has(j, intentOf(1), again)
	x.lost(j, first)
	x.finish(j, second)
	x.has(j, intentOf(1))
	x.finish(j, second) // the answer to the first call may have been lost
	x.has(j, intentOf(1))
}

func pendingOrder(x *journalTest) {
	j := x.open()
	east, west := time.FixedZone("", 10*3600), time.FixedZone("", -8*3600)
	var want []quarantine.Intent
	for i, at := range []time.Time{
		received.Add(-100 * 24 * time.Hour), received, received, received.Add(time.Millisecond).In(east),
		received.Add(time.Second).In(west), received.Add(10 * time.Second), received.Add(time.Hour).In(east),
	} {
		in := intentOf(3 * i)
		in.Operation, in.At = fmt.Sprintf("%c%d", "qbqazxc"[i], i), at
		want = append(want, in)
	}
	want[1], want[2] = want[2], want[1]
	slices.SortStableFunc(want, func(a, b quarantine.Intent) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.Operation), []byte(b.Operation))
	})
	for _, i := range []int{4, 0, 6, 2, 5, 1, 3} {
		x.begin(j, want[i], "a", long)
	}
	x.ordered(j, want)
	// Being claimed does not change an intent's position.
	_, _, err := j.Claim(context.Background(), want[2].Operation, "a", long)
	x.must(err, "Claim")
	x.ordered(j, want)
}

// ordered checks the order of the intents of one target.
func (x *journalTest) ordered(j quarantine.Journal, want []quarantine.Intent) {
	operations := func(all []quarantine.Intent) (names []string) {
		for _, in := range all {
			names = append(names, in.Operation)
		}
		return names
	}
	all, errs := x.pending(j)
	x.must(errors.Join(errs...), "Pending")
	same, err := j.FindTarget(context.Background(), want[0].Target)
	x.must(err, "FindTarget")
	for _, got := range [][]quarantine.Intent{all, same} {
		if !slices.Equal(operations(got), operations(want)) {
			x.errorf("the order is %v, want the oldest first: %v", operations(got), operations(want))
		}
	}
}

// findTarget: what a target asks for matters, not how it is expressed.
func findTarget(x *journalTest) {
	j := x.open()
	in := intentOf(0)
	in.Target = quarantine.Target{Mailbox: "alice@example.test", Criteria: quarantine.Criteria{Subject: "Invoice", ReceivedAfter: received}}
	x.begin(j, in, "a", long)
	x.begin(j, intentOf(1), "a", long)
	for name, tc := range map[string]struct {
		change func(*quarantine.Target)
		found  int
	}{
		"itself":           {func(*quarantine.Target) {}, 1},
		"reason":           {func(t *quarantine.Target) { t.Reason = "another" }, 1},
		"time zone":        {func(t *quarantine.Target) { t.Criteria.ReceivedAfter = received.In(time.FixedZone("", 3600)) }, 1},
		"time":             {func(t *quarantine.Target) { t.Criteria.ReceivedAfter = received.Add(time.Second) }, 0},
		"another time":     {func(t *quarantine.Target) { t.Criteria.ReceivedBefore = received.Add(time.Hour) }, 0},
		"subject":          {func(t *quarantine.Target) { t.Criteria.Subject = "Invoice 2" }, 0},
		"mailbox":          {func(t *quarantine.Target) { t.Mailbox = "bob@example.test" }, 0},
		"by id, not these": {func(t *quarantine.Target) { *t = quarantine.Target{Mailbox: t.Mailbox, MessageID: theID} }, 0},
	} {
		t := in.Target
		tc.change(&t)
		got, err := j.FindTarget(context.Background(), t)
		x.must(err, "FindTarget")
		if len(got) != tc.found {
			x.errorf("FindTarget with another %s gave %d intents, want %d", name, len(got), tc.found)
		}
	}
}

// concurrentJournal: nothing is lost under concurrent use.
func concurrentJournal(x *journalTest) {
	j := x.open()
	x.begin(j, intentOf(0), "a", long)
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for n := 1; n <= 24; n++ {
		wg.Go(func() {
			c, err := j.Begin(context.Background(), intentOf(n), fmt.Sprint("owner", n), long)
			if err == nil {
				_, err = j.Renew(context.Background(), c, long)
			}
			if err == nil && n%2 == 0 {
				err = j.Finish(context.Background(), c)
			}
			if err != nil {
				errs <- fmt.Errorf("of %d: %w", n, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		x.errorf("one of many at once failed: %v", err)
	}
	want := []quarantine.Intent{intentOf(0)}
	for n := 1; n <= 24; n += 2 {
		want = append(want, intentOf(n))
	}
	x.has(j, want...)
}
