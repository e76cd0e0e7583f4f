package quarantinetest

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// whilePending: a recovery claims and finishes the intents it is given, while others are
// begun.
func whilePending(x *journalTest) {
	j, ctx := x.open(), context.Background()
	for n := range 6 {
		x.begin(j, intentOf(n), "a", long)
	}
	var seen []string
	for in, err := range j.Pending(ctx) {
		x.must(err, "Pending")
		seen = append(seen, in.Operation)
		if in.Operation == intentOf(5).Operation {
			continue
		}
		x.begin(j, intentOf(10+len(seen)), "a", long)
		_, c, err := j.Claim(ctx, in.Operation, "a", long)
		if errors.Is(err, quarantine.ErrNoIntent) {
			continue // an intent finished before its turn may still be yielded
		}
		x.must(err, "Claim in Pending")
		x.finish(j, c)
		if len(seen) > 50 {
			x.errorf("Pending does not end if others begin meanwhile")
			return
		}
	}
	left, errs := x.pending(j)
	x.must(errors.Join(errs...), "Pending")
	found := false
	for _, in := range left {
		found = found || in.Operation == intentOf(5).Operation
		for n := range 5 {
			if in.Operation == intentOf(n).Operation {
				x.errorf("%q was finished, and is there", in.Operation)
			}
		}
	}
	if !found {
		x.errorf("what was not finished is gone")
	}
	for range j.Pending(ctx) {
		break // it must not keep others waiting
	}
	x.begin(j, intentOf(30), "a", long)
}

// contextEnds: a recovery that is stopped does not conclude that nothing is left.
func contextEnds(x *journalTest) {
	j := x.open()
	for n := range 5 {
		x.begin(j, intentOf(n), "a", long)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n, told := 0, false
	for _, err := range j.Pending(ctx) {
		if err != nil {
			told = true
			continue
		}
		n++
		cancel()
	}
	if !told && n < 5 {
		x.errorf("Pending yielded %d of 5 intents when its context had ended, and no error", n)
	}
}

// unreadableIntent: an intent that cannot be read is reported, stays, and does not keep
// others from being read.
func unreadableIntent(x *journalTest) {
	if x.store.Damage == nil {
		return
	}
	j := x.open()
	for n := range 3 {
		x.begin(j, intentOf(n), "a", long)
	}
	x.close(j)
	x.store.Damage(x.t, intentOf(1).Operation)
	for range 2 { // the second time after another was begun
		j = x.open()
		all, errs := x.pending(j)
		if len(errs) != 1 {
			x.errorf("Pending yielded %d errors for one unreadable intent: %v", len(errs), errs)
		}
		for _, want := range []quarantine.Intent{intentOf(0), intentOf(2)} {
			found := false
			for _, in := range all {
				found = found || text(in) == text(want)
			}
			if !found {
				x.errorf("Pending does not yield %q, beside one that cannot be read", want.Operation)
			}
			got, found, err := j.FindOperation(context.Background(), want.Operation)
			x.must(err, "FindOperation of another")
			if !found {
				x.errorf("FindOperation does not find %q, beside one that cannot be read", want.Operation)
			}
			x.same("FindOperation", got, want)
		}
		for _, in := range all {
			if text(in) != text(intentOf(0)) && text(in) != text(intentOf(1)) && text(in) != text(intentOf(2)) && text(in) != text(intentOf(3)) {
				x.errorf("Pending yields a part of what cannot be read: %s", text(in))
			}
		}
		got, err := j.FindTarget(context.Background(), intentOf(1).Target)
		if len(got) == 0 && err == nil {
			x.errorf("FindTarget passes over what cannot be read")
		}
		// The damaged intent may also be another one, and this one intact.
		in, found, err := j.FindOperation(context.Background(), intentOf(1).Operation)
		if err == nil && (!found || text(in) != text(intentOf(1))) {
			x.errorf("FindOperation of what cannot be read gave %t, %s, and no error", found, text(in))
		}
		in, _, err = j.Claim(context.Background(), intentOf(1).Operation, "a", long)
		if errors.Is(err, quarantine.ErrNoIntent) || err == nil && text(in) != text(intentOf(1)) {
			x.errorf("Claim of what cannot be read gave %s and %v: it is there, and needs its own error", text(in), err)
		}
		x.begin(j, intentOf(3), "a", long)
		x.close(j)
	}
}
