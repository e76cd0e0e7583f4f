package ews

import (
	"context"
	"errors"
)

// readBatch sends a request that reads several things and changes nothing. Members with
// transient errors, and those skipped after them, are requested again without the others.
// request makes the request for some of the members; failed is the error of the previous
// attempt.
func readBatch[V any, O operation[Results[V]]](ctx context.Context, c *Client, n int, request func(members []int, failed error) O) (Results[V], error) {
	members := make([]int, n)
	for i := range members {
		members[i] = i
	}
	results := make(Results[V], n)
	var p *patience
	sends := new(int)
	var failed error
	for {
		req := request(members, failed)
		t, err := prepare(c, req)
		if err != nil {
			return nil, err
		}
		t.sends = sends
		if p == nil {
			p = c.patience(t.op)
		}
		var part Results[V]
		err = c.attempt(ctx, &t, func(a *answer) (err error) {
			part, err = req.decode(a)
			return err
		})
		if err != nil {
			if failed = err; p.again(ctx, err) {
				continue
			}
			return nil, p.outcome(err)
		}
		for i, m := range members {
			results[m] = part[i]
		}
		members, failed = worthRepeating(members, part)
		if len(members) == 0 || !p.again(ctx, failed) {
			return results, nil
		}
	}
}

// worthRepeating returns the members with transient errors, and those errors. Skipped
// members share the fate of the error before them.
func worthRepeating[V any](members []int, part Results[V]) ([]int, error) {
	var again []int
	var errs Results[V]
	lasting := false
	for i, r := range part {
		switch {
		case r.Err == nil:
		case !IsTransient(r.Err) || hopeless(r.Err):
			lasting = true
		case errors.Is(r.Err, ErrNotProcessed) && lasting:
		default:
			lasting = false
			again = append(again, members[i])
			errs = append(errs, r)
		}
	}
	return again, errs.Err()
}

// pick returns the members of a list at the given positions.
func pick[T any](list []T, members []int) []T {
	if len(members) == len(list) {
		return list
	}
	picked := make([]T, len(members))
	for i, m := range members {
		picked[i] = list[m]
	}
	return picked
}
