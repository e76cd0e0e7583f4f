package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// result is the line that says what became of one target.
type result struct {
	Server    string             `json:"server,omitempty"`
	Mailbox   string             `json:"mailbox"`
	MessageID string             `json:"messageId"`
	Outcome   quarantine.Outcome `json:"outcome"`
	Strategy  string             `json:"strategy"`
	// Way is that of the first copy that was carried; the receipt has all.
	Way     quarantine.Way      `json:"way,omitempty"`
	Copies  int                 `json:"copies"` // found, each with its own outcome in the receipt
	Error   string              `json:"error,omitempty"`
	Receipt *quarantine.Receipt `json:"receipt,omitempty"`
}

// job is one thing to do to one target.
type job struct {
	config *quarantine.Config
	target quarantine.Target
	do     func(context.Context) (*quarantine.Receipt, error)
}

// run runs the job and sums up its receipt.
func (j job) run(ctx context.Context) result {
	if ctx.Err() != nil {
		return resultOf(j.config, j.target, nil, errors.New("not begun: the run was interrupted"))
	}
	receipt, err := j.do(ctx)
	return resultOf(j.config, j.target, receipt, err)
}

// resultOf sums up a receipt, or the error in place of one.
func resultOf(c *quarantine.Config, t quarantine.Target, receipt *quarantine.Receipt, err error) result {
	r := result{
		Server: c.Name, Mailbox: t.Mailbox, MessageID: t.MessageID, Strategy: string(c.WithDefaults().Access), Receipt: receipt,
	}
	if receipt != nil {
		r.Outcome, r.Strategy, r.Copies = receipt.Outcome(), receipt.Strategy, len(receipt.Items)
		for _, it := range receipt.Items {
			if r.Way == "" {
				r.Way = it.Way
			}
		}
		err = errors.Join(err, receipt.Err())
	}
	if err == nil {
		return r
	}
	r.Error = err.Error()
	switch {
	case r.Outcome == quarantine.Refused || r.Outcome == quarantine.Failed:
	case receipt == nil && (errors.Is(err, quarantine.ErrInvalid) || errors.Is(err, quarantine.ErrUnreachable)):
		r.Outcome = quarantine.Refused
	default:
		r.Outcome = quarantine.Failed // some folder was not searched, so there may be more copies
	}
	return r
}

// ok reports whether the outcome leaves nothing to be done.
func (r result) ok() bool { return r.Error == "" }

// text returns the result in a line for people.
func (r result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s", r.Mailbox, r.MessageID, words(r.Outcome))
	if r.Receipt != nil {
		for i, it := range r.Receipt.Items {
			sep := "; "
			if i == 0 {
				sep = ", "
			}
			fmt.Fprintf(&b, "%s%s %s", sep, place(it), readState(it.WasRead))
			if it.Way != "" {
				fmt.Fprintf(&b, ", by %s", it.Way)
			}
			if it.Outcome != r.Outcome {
				fmt.Fprintf(&b, " (%s)", words(it.Outcome))
			}
			if it.Residue != "" {
				fmt.Fprintf(&b, " [left behind: %s]", it.Residue)
			}
		}
	}
	if r.Error != "" {
		fmt.Fprintf(&b, ": %s", strings.ReplaceAll(r.Error, "\n", "; "))
	}
	return b.String()
}

// place returns the folder in the user's mailbox that an item was in or is in.
func place(it quarantine.ReceiptItem) string {
	if it.Folder != "" {
		return it.Folder
	}
	return "in a folder without a name"
}

func readState(read bool) string {
	if read {
		return "read"
	}
	return "unread"
}

// words returns an outcome as people say it.
func words(o quarantine.Outcome) string {
	switch o {
	case quarantine.AlreadyQuarantined:
		return "quarantined already"
	case quarantine.AlreadyRestored:
		return "restored already"
	case quarantine.NotFound:
		return "not found"
	}
	return string(o)
}

// runAll runs jobs, some at once, writes each result when it is there, and a
// sum at the end if there were several. The error is errSome if one was not ok.
func (s *session) runAll(ctx context.Context, jobs []job, workers int) error {
	queue := make(chan job)
	go func() {
		defer close(queue)
		for _, j := range jobs {
			queue <- j
		}
	}()
	var (
		mu     sync.Mutex
		counts = make(map[quarantine.Outcome]int)
		errs   []error
		failed bool
		wg     sync.WaitGroup
	)
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			for j := range queue {
				r := j.run(ctx)
				err := s.write(r, r.text())
				mu.Lock()
				counts[r.Outcome]++
				failed = failed || !r.ok()
				if err != nil && len(errs) == 0 {
					errs = append(errs, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(jobs) > 1 {
		var parts []string
		for _, o := range []quarantine.Outcome{
			quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.Restored, quarantine.AlreadyRestored,
			quarantine.Found, quarantine.NotFound, quarantine.Refused, quarantine.Failed,
		} {
			if counts[o] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", counts[o], words(o)))
			}
		}
		s.say("%d targets: %s", len(jobs), strings.Join(parts, ", "))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if failed {
		return errSome
	}
	return nil
}
