package reported

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Options are the optional settings of a [Watcher]. nil or the zero value means the
// defaults.
type Options struct {
	// Folder is the folder to watch: display names from the top of the mailbox down.
	// Default: the Inbox.
	Folder []string

	// Done is the folder to which acknowledged reports are moved; it is created if it does
	// not exist. Default: Done, below Reported.
	Done []string
	// MarkOnly leaves acknowledged reports where they are. Not with Done.
	MarkOnly bool

	// Lease is how long a report stays with a program that has crashed. Default: 5
	// minutes; at least 10 seconds, at most an hour.
	Lease time.Duration
	// MarkWait is how long to wait after marking a report before it is read again and
	// handed out, for servers that ignore change keys. Default: the driver's, which is 2
	// seconds over Microsoft Graph and no wait over EWS.
	MarkWait time.Duration
	// Pause is how long a released report is not handed out again, at most an hour.
	// Default: 1 minute.
	Pause time.Duration

	// Interval is the longest delay of a report whose bell is lost and, where the mail
	// system has no bell, how often the folder is checked. Default: 1 minute.
	Interval time.Duration
	// Rescan is how often the whole folder is scanned, as if nothing were known of it.
	// Default: 6 hours.
	Rescan time.Duration

	// Keys are secret keys of at least 16 bytes that seal the notes on reports; the keys of
	// the stamps will do
	// ([github.com/ewsquarantine/ewsquarantine/quarantine.Options].StampKeys). The first
	// seals new notes, and a note sealed with any of them is believed. To change keys,
	// append the new key everywhere, then put it first everywhere, and remove the old one
	// when no report that it has sealed is waiting. Default: notes have no seal, and a note
	// that somebody else wrote is believed; see the package comment.
	Keys [][]byte
	// SealedSince is for the changeover to Keys. Set it to the time of that: notes without
	// a seal are believed on reports received before then. Default: they are not believed.
	SealedSince time.Time

	// Positions keeps how far the folder has been read, to save work after a restart.
	// Default: the whole folder is read when a watch begins.
	Positions Positions

	// Answer allows [Report.Answer] to send mail. Default: nothing is ever sent.
	Answer *Answer

	// Logger receives a record, at level Info, for each change in how new reports are
	// noticed; never subjects or addresses. Default: records are discarded.
	Logger *slog.Logger
}

// Bounds of the lease.
const (
	defaultLease = 5 * time.Minute
	minLease     = 10 * time.Second
	maxLease     = time.Hour
)

// Watcher watches one folder of one mailbox. Its methods may be called concurrently.
type Watcher struct {
	mailbox driver.Mailbox
	watched driver.Watchable
	opts    Options
	done    atomic.Pointer[driver.Folder] // nil until it is needed
}

// New returns a watcher. It does no I/O, and copies opts. It fails if the driver cannot
// watch mailboxes, or if an option is invalid.
func New(mailbox driver.Mailbox, opts *Options) (*Watcher, error) {
	if mailbox == nil {
		return nil, errors.New("reported: the mailbox is nil: use that of a driver, such as strategy.Mailbox(address)")
	}
	w := &Watcher{mailbox: mailbox}
	if opts != nil {
		w.opts = *opts
	}
	var ok bool
	if w.watched, ok = driver.As[driver.Watchable](mailbox); !ok {
		return nil, errors.New("reported: the driver of the mailbox cannot watch it: use one whose mailboxes are driver.Watchable, such as package ewsmail or graphmail")
	}
	o := &w.opts
	if racing, ok := driver.As[driver.Unguarded](mailbox); ok && o.MarkWait == 0 {
		o.MarkWait = racing.NoteSettles()
	}
	if o.MarkOnly && len(o.Done) > 0 {
		return nil, errors.New("reported: Options.MarkOnly is set together with Done: use only one of them")
	}
	if len(o.Done) == 0 {
		o.Done = []string{"Reported", "Done"}
	}
	o.Keys = slices.Clone(o.Keys)
	for i, key := range o.Keys {
		if len(key) < minKey {
			return nil, fmt.Errorf("reported: Options.Keys[%d] is shorter than %d bytes: use 32 random bytes", i, minKey)
		}
		o.Keys[i] = slices.Clone(key)
	}
	if len(o.Keys) == 0 && !o.SealedSince.IsZero() {
		return nil, errors.New("reported: Options.SealedSince is set without Keys: set both, or neither")
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{{"Lease", &o.Lease, defaultLease}, {"MarkWait", &o.MarkWait, 0}, {"Pause", &o.Pause, time.Minute},
		{"Interval", &o.Interval, time.Minute}, {"Rescan", &o.Rescan, 6 * time.Hour}} {
		if *d.value < 0 {
			return nil, fmt.Errorf("reported: Options.%s is %v: it must not be negative", d.name, *d.value)
		}
		*d.value = cmp.Or(*d.value, d.usual)
	}
	if o.Lease < minLease || o.Lease > maxLease {
		return nil, fmt.Errorf("reported: Options.Lease is %v: use 10 seconds to an hour", o.Lease)
	}
	if o.Pause > maxLease {
		return nil, fmt.Errorf("reported: Options.Pause is %v: use at most an hour, since a longer one counts as forged", o.Pause)
	}
	if o.MarkWait > o.Lease/4 {
		return nil, fmt.Errorf("reported: Options.MarkWait is %v: use at most a quarter of Lease, which is %v", o.MarkWait, o.Lease)
	}
	if o.Answer != nil {
		if _, ok := driver.As[driver.Answering](mailbox); !ok {
			return nil, errors.New("reported: Options.Answer is set, but the driver of the mailbox cannot send: leave it out")
		}
		if err := o.Answer.check(); err != nil {
			return nil, err
		}
	}
	if _, ok := driver.As[driver.Shelver](mailbox); !ok && !o.MarkOnly {
		return nil, errors.New("reported: the driver of the mailbox cannot move messages: set Options.MarkOnly")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return w, nil
}
