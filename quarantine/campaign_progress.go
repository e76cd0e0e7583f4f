package quarantine

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Progress is how far a [Campaign] has got. It is plain data with stable JSON names;
// durations are in nanoseconds there.
type Progress struct {
	// Total is how many targets there are, not counting repeats; -1 if that is not known
	// yet: see Total of [CampaignOptions].
	Total int `json:"total"`
	// Read is how many have been read, Waiting how many of those are waiting for their
	// turn, and Running how many are in progress.
	Read    int `json:"read"`
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	// Done is how many have ended, successfully or not, and Left how many have not,
	// including those that have not been read; Left is -1 if that is not known.
	Done int `json:"done"`
	Left int `json:"left"`
	// Of those that are done, Failed have an error, not counting NotBegun; NotBegun
	// were not begun; Kept were finished by an earlier run of the campaign.
	Failed   int `json:"failed"`
	NotBegun int `json:"notBegun"`
	Kept     int `json:"kept"`
	// Repeated is how many targets had come before. They are not included in any
	// other number.
	Repeated int `json:"repeated"`
	// Found is how many messages the receipts name, and Taken how many of them are in
	// quarantine, including those taken by earlier runs.
	Found int `json:"found"`
	Taken int `json:"taken"`
	// Elapsed is the time since the run began, until it ended; Paused is how much of it
	// was spent in [Campaign.Pause].
	Elapsed time.Duration `json:"elapsedNs"`
	Paused  time.Duration `json:"pausedNs"`
	// Throttled is the time that requests have waited for the budgets of the server,
	// summed over all targets, so it can exceed Elapsed. A wait counts once it has ended.
	Throttled time.Duration `json:"throttledNs"`
	// Rate is how many targets end per second, weighted towards the last minute and
	// excluding Kept, NotBegun and pauses. 0: none has ended.
	Rate float64 `json:"rate"`
	// Remaining is an estimate of how long Left will take at that rate, or -1 if it
	// cannot be estimated.
	Remaining time.Duration `json:"remainingNs"`
}

// rateOver is the time over which a rate is averaged.
const rateOver = time.Minute

// tally counts what a campaign has done.
type tally struct {
	mu                      sync.Mutex
	total                   int // as given in the options; 0: not given
	whole                   bool
	counts                  Progress
	begun, finished, paused time.Time
	weight                  float64       // of what has ended, decaying exponentially over time
	at                      time.Duration // the active time at which weight was current
	throttled               time.Duration
}

func (t *tally) do(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}

func (t *tally) start() {
	t.do(func() {
		if t.begun.IsZero() {
			t.begun = time.Now()
		}
		if t.finished = (time.Time{}); !t.paused.IsZero() {
			t.paused = time.Now() // it was paused before it began
		}
	})
}

func (t *tally) stop() { t.do(func() { t.finished = time.Now() }) }

func (t *tally) read()     { t.do(func() { t.counts.Read++ }) }
func (t *tally) repeated() { t.do(func() { t.counts.Repeated++ }) }
func (t *tally) all()      { t.do(func() { t.whole = true }) }
func (t *tally) begin()    { t.do(func() { t.counts.Running++ }) }
func (t *tally) end()      { t.do(func() { t.counts.Running-- }) }

// pause and resume take the gate's answer: whether it changed anything.
func (t *tally) pause(changed bool) {
	t.do(func() {
		if changed {
			t.paused = time.Now()
		}
	})
}

func (t *tally) resume(changed bool) {
	t.do(func() {
		if changed {
			if !t.begun.IsZero() {
				t.counts.Paused += time.Since(t.paused)
			}
			t.paused = time.Time{}
		}
	})
}

func (t *tally) spend(s driver.Spending) {
	if s.Payer != "" && s.Waited > 0 {
		t.do(func() { t.throttled += s.Waited })
	}
}

// kept counts what an earlier run has finished.
func (t *tally) kept(r *Receipt) {
	t.do(func() {
		t.counts.Kept++
		t.count(r)
	})
}

// ended counts a target that has ended in this run.
func (t *tally) ended(r *Receipt, err error) {
	t.do(func() {
		switch {
		case errors.Is(err, ErrNotBegun):
			t.counts.NotBegun++
		case err != nil || r.Err() != nil:
			t.counts.Failed++
			fallthrough
		default:
			now := t.active(time.Now())
			t.weight, t.at = t.fade(now)+1, now
		}
		t.count(r)
	})
}

func (t *tally) count(r *Receipt) {
	t.counts.Done++
	t.counts.Found += len(r.Items)
	for _, it := range r.Items {
		if it.Outcome == Quarantined || it.Outcome == AlreadyQuarantined {
			t.counts.Taken++
		}
	}
}

// fade returns the weight at a later time.
func (t *tally) fade(now time.Duration) float64 {
	return t.weight * math.Exp(-(now-t.at).Seconds()/rateOver.Seconds())
}

// elapsed returns the time since the run began, and how much of it was spent paused.
func (t *tally) elapsed(now time.Time) (all, paused time.Duration) {
	if t.begun.IsZero() {
		return 0, 0
	}
	if !t.finished.IsZero() {
		now = t.finished
	}
	paused = t.counts.Paused
	if !t.paused.IsZero() && now.After(t.paused) {
		paused += now.Sub(t.paused)
	}
	return now.Sub(t.begun), paused
}

func (t *tally) active(now time.Time) time.Duration {
	all, paused := t.elapsed(now)
	return all - paused
}

func (t *tally) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	p := t.counts
	p.Waiting = p.Read - p.Done - p.Running
	p.Total, p.Left, p.Remaining = -1, -1, -1
	switch {
	case t.whole:
		p.Total = p.Read
	case t.total > 0:
		p.Total = max(t.total-p.Repeated, p.Read)
	}
	p.Elapsed, p.Paused = t.elapsed(now)
	p.Throttled = t.throttled
	// What has ended weighs as much as the time since the beginning does.
	active := p.Elapsed - p.Paused
	if span := rateOver.Seconds() * (1 - math.Exp(-active.Seconds()/rateOver.Seconds())); span > 0 {
		p.Rate = t.fade(active) / span
	}
	if p.Total >= 0 {
		p.Left = p.Total - p.Done
	}
	switch {
	case p.Left == 0:
		p.Remaining = 0
	case p.Left > 0 && p.Rate > 0:
		p.Remaining = time.Duration(min(float64(p.Left)/p.Rate, math.MaxInt64/float64(2*time.Second)) * float64(time.Second))
	}
	return p
}
