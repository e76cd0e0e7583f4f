package quarantinetest

import (
	"context"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// heldClaim: an intent held by one owner can be neither claimed nor replaced by another.
func heldClaim(x *journalTest) {
	j, ctx, in := x.open(), context.Background(), intentOf(0)
	c := x.begin(j, in, "a", long)
	_, _, err := j.Claim(ctx, in.Operation, "b", long)
	x.held("Claim", err, in.Operation, "a")
	theirs := intentOf(1)
	theirs.Operation = in.Operation
	_, err = j.Begin(ctx, theirs, "b", long)
	x.held("Begin", err, in.Operation, "a")
	x.has(j, in)
	if !x.store.OwnClock {
		time.Sleep(long - time.Second)
		_, _, err = j.Claim(ctx, in.Operation, "b", long)
		x.held("Claim", err, in.Operation, "a")
	}
	x.finish(j, c)
	x.has(j)
	x.grown(x.begin(j, theirs, "b", long), c)
}

// ownClaim: an owner can claim what it holds, and its earlier claim is lost.
func ownClaim(x *journalTest) {
	j, in := x.open(), intentOf(0)
	first := x.begin(j, in, "a", long)
	second := x.claim(j, in, "a")
	x.grown(second, first)
	x.lost(j, first)
	x.has(j, in)
	third := x.begin(j, in, "a", long)
	x.grown(third, second)
	x.lost(j, second)
	x.has(j, in)
	x.finish(j, third)
	x.has(j)
}

// leaseEnds: a claim ends with its lease, but remains valid until somebody else makes
// one.
func leaseEnds(x *journalTest) {
	j, ctx := x.open(), context.Background()
	first := x.begin(j, intentOf(0), "a", short)
	second := x.begin(j, intentOf(1), "a", short)
	third := x.begin(j, intentOf(2), "a", short)
	time.Sleep(2 * short)
	x.finish(j, first)
	_, err := j.Renew(ctx, second, long)
	x.must(err, "Renew after the lease, when nobody has claimed it since")
	_, _, err = j.Claim(ctx, intentOf(1).Operation, "b", long)
	x.held("Claim", err, intentOf(1).Operation, "a")
	replaced := intentOf(0)
	replaced.Operation = intentOf(2).Operation
	var fourth quarantine.Claim
	x.must(x.patient(func() (err error) {
		fourth, err = j.Begin(ctx, replaced, "b", long)
		return err
	}), "Begin after the lease of another")
	x.grown(fourth, third)
	x.lost(j, third)
	x.has(j, replaced, intentOf(1))
}

// fencedClaim: an owner that returns after another has taken over changes nothing.
func fencedClaim(x *journalTest) {
	j, ctx, in := x.open(), context.Background(), intentOf(0)
	first := x.begin(j, in, "a", short)
	second := x.claim(j, in, "b")
	x.grown(second, first)
	x.lost(j, first)
	_, _, err := j.Claim(ctx, in.Operation, "c", long)
	x.held("Claim", err, in.Operation, "b")
	again := intentOf(1)
	again.Operation = in.Operation
	_, err = j.Begin(ctx, again, "a", long)
	x.held("Begin", err, in.Operation, "b")
	x.has(j, in)
	x.finish(j, second)
	x.has(j)
	x.finish(j, first) // no error: the intent is gone, as it wanted
	third := x.begin(j, again, "c", long)
	x.grown(third, first, second)
	x.lost(j, first)
	x.lost(j, second)
	x.has(j, again)
	x.finish(j, third)
	x.has(j)
}

func renewedClaim(x *journalTest) {
	j, ctx, in := x.open(), context.Background(), intentOf(0)
	c := x.begin(j, in, "a", short)
	renewed, err := j.Renew(ctx, c, long)
	x.must(err, "Renew")
	x.right(renewed, in.Operation, "a")
	if renewed.Token != c.Token {
		x.errorf("Renew changed the token from %d to %d", c.Token, renewed.Token)
	}
	if !renewed.Until.After(c.Until) {
		x.errorf("Renew moved the end of the claim from %v to %v", c.Until, renewed.Until)
	}
	time.Sleep(2 * short)
	_, _, err = j.Claim(ctx, in.Operation, "b", long)
	x.held("Claim", err, in.Operation, "a")
	x.finish(j, c)
	x.has(j)
}

// givenUpClaim: a lease of 0 lets others claim immediately.
func givenUpClaim(x *journalTest) {
	j, ctx := x.open(), context.Background()
	first := x.begin(j, intentOf(0), "a", long)
	second := x.begin(j, intentOf(1), "a", long)
	for _, c := range []quarantine.Claim{first, second} {
		_, err := j.Renew(ctx, c, 0)
		x.must(err, "Renew for 0")
	}
	x.has(j, intentOf(0), intentOf(1))
	x.finish(j, second) // nobody else has claimed it
	x.has(j, intentOf(0))
	got, c, err := j.Claim(ctx, intentOf(0).Operation, "b", long)
	x.must(err, "Claim of what was given up")
	x.same("Claim", got, intentOf(0))
	x.grown(c, first)
	x.lost(j, first)
	none := x.begin(j, intentOf(2), "a", 0)
	x.grown(x.claim(j, intentOf(2), "b"), none)
	x.has(j, intentOf(0), intentOf(2))
}

// twoHandles: two processes see each other's intents and claims.
func twoHandles(x *journalTest) {
	j, ctx, in := x.open(), context.Background(), intentOf(0)
	other := j
	if !x.store.Alone {
		other = x.open()
	}
	first := x.begin(j, in, "a", long)
	x.has(other, in)
	_, _, err := other.Claim(ctx, in.Operation, "b", long)
	x.held("Claim", err, in.Operation, "a")
	_, err = other.Begin(ctx, in, "b", long)
	x.held("Begin", err, in.Operation, "a")
	_, err = j.Renew(ctx, first, 0)
	x.must(err, "Renew for 0")
	second := x.claim(other, in, "b")
	x.grown(second, first)
	x.lost(j, first)
	x.has(j, in)
	x.finish(other, second)
	x.has(j)
	x.finish(j, x.begin(j, in, "a", long))
	x.has(other)
}

// oneWins: of several owners that claim at the same time, one succeeds.
func oneWins(x *journalTest) {
	handles := []quarantine.Journal{x.open()}
	if !x.store.Alone {
		handles = append(handles, x.open())
	}
	x.begin(handles[0], intentOf(0), "z", 0)
	for _, begin := range []bool{false, true} {
		var mu sync.Mutex
		var won []quarantine.Claim
		var wg sync.WaitGroup
		for i, owner := range []string{"a", "b", "c", "d", "e", "f"} {
			wg.Go(func() {
				var c quarantine.Claim
				var err error
				if j := handles[i%len(handles)]; begin {
					in := intentOf(1)
					c, err = j.Begin(context.Background(), in, owner, long)
				} else {
					_, c, err = j.Claim(context.Background(), intentOf(0).Operation, owner, long)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, c)
				} else if !isHeld(err) {
					x.errorf("one of several that claim at once: %v, want ErrHeld", err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			x.errorf("%d owners hold one operation at once: %+v", len(won), won)
		}
	}
}

// reopenedJournal: what was written is still there after a process restarts.
func reopenedJournal(x *journalTest) {
	j, ctx := x.open(), context.Background()
	first := x.begin(j, intentOf(0), "a", long)
	for n := 1; n < 5; n++ {
		c := x.begin(j, intentOf(n), "a", long)
		if n == 2 {
			x.finish(j, c)
		}
	}
	x.close(j)
	time.Sleep(time.Millisecond)
	j = x.open()
	x.has(j, intentOf(0), intentOf(1), intentOf(3), intentOf(4))
	_, c, err := j.Claim(ctx, intentOf(0).Operation, "b", long)
	if !x.store.Alone {
		x.held("Claim", err, intentOf(0).Operation, "a")
		_, c, err = j.Claim(ctx, intentOf(0).Operation, "a", long)
	}
	x.must(err, "Claim after the process was started again")
	x.grown(c, first)
	x.lost(j, first)
	x.finish(j, c)
	x.close(j)
	x.has(x.open(), intentOf(1), intentOf(3), intentOf(4))
}
