package boltjournal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Reasons why a file cannot be used as a journal; test with errors.Is.
var (
	// ErrInUse reports that another process has the journal file open.
	ErrInUse = errors.New("quarantine: the journal is in use by another process")

	// ErrDamaged reports that the file is not as it was written, or not a journal. No
	// intent in it has been settled. [Salvage] returns the intents that can still be
	// read; without them, the same targets have to be requested again.
	ErrDamaged = errors.New("quarantine: the journal is damaged")

	// ErrNewer reports that a later version of this package wrote the file.
	ErrNewer = errors.New("quarantine: the journal was written by a later version")

	// ErrBroken reports that an intent could not be written or synced, so that memory and
	// disk may differ. From then on, each call of the [Journal] fails with it. Close the
	// journal and open it again, which checks all of it, or restart the process. The
	// intent may or may not be in it; [quarantine.Service.Recover] settles that.
	ErrBroken = errors.New("quarantine: the journal could not be written, and is not used any more")

	// ErrFull reports that there was no room on the disk for an intent. No part of it is
	// written, and the journal remains usable.
	ErrFull = errors.New("quarantine: no room left for the journal")
)

// Journal is a [quarantine.Journal] in a single file, a bbolt database. It is also a
// [quarantine.CampaignJournal] with [quarantine.KeyedMarks]. When Begin returns, the
// intent has been synced to disk. If that fails, the error matches [ErrFull] or
// [ErrBroken]. The file contains addresses, Message-IDs and folder names, and also the
// receipts of campaigns, but never content or credentials. Only its owner can read it. No
// method reads all of it into memory.
//
// Several services may use one Journal. Their claims are kept in memory, and end when the
// Journal is closed: since only one process at a time can have the file open, a process
// that starts after a crash can settle everything immediately.
type Journal struct {
	file   *sealedfile.File
	path   string
	claims *claims

	packers sync.Pool // of *flate.Writer, each of which takes most of a megabyte
}

var (
	_ quarantine.Journal         = (*Journal)(nil)
	_ quarantine.CampaignJournal = (*Journal)(nil)
	_ quarantine.KeyedMarks      = (*Journal)(nil)
)

// Open opens a journal file. If the file is missing, a new one is created, which gets its
// name only when it is complete; the directory must exist. The whole file is checked,
// which takes about a second for 200,000 intents. Only one process at a time can have it
// open: if another process still does after a second, the error matches [ErrInUse]. An
// unsuitable file is refused with [ErrDamaged] or [ErrNewer], and is not changed. The
// caller must close the journal.
func Open(path string) (*Journal, error) {
	file, err := sealedfile.Open(path, format)
	if err != nil {
		return nil, explain(path, err)
	}
	return &Journal{file: file, path: path, claims: newClaims()}, nil
}

// explain adds what to do about an error.
func explain(path string, err error) error {
	reason := func(kind error) string { return strings.TrimPrefix(err.Error(), kind.Error()+": ") }
	switch {
	case errors.Is(err, sealedfile.ErrBroken):
		return fmt.Errorf("%w: %q: %s. Ending the process and starting it again does that", ErrBroken, path, reason(sealedfile.ErrBroken))
	case errors.Is(err, sealedfile.ErrFull):
		return fmt.Errorf("%w: %q: %s. Nothing is lost; make room on the disk, or raise the quota or limit of this account", ErrFull, path, reason(sealedfile.ErrFull))
	case errors.Is(err, sealedfile.ErrInUse):
		return fmt.Errorf("%w: %q: stop the other process or use a different file", ErrInUse, path)
	case errors.Is(err, sealedfile.ErrNewer):
		return fmt.Errorf("%w: %q: %s. Settle it with that version, or use a different file", ErrNewer, path, reason(sealedfile.ErrNewer))
	case errors.Is(err, sealedfile.ErrOther):
		return fmt.Errorf("%w: %q is not a journal: %s. Use a different file", ErrDamaged, path, reason(sealedfile.ErrOther))
	case errors.Is(err, sealedfile.ErrDamaged):
		return fmt.Errorf("%w: %q: %s. Move the file away to go on without it; then \"ewsq recover -salvage FILE\", or boltjournal.Salvage, "+
			"settles what can still be read of it, and the targets of interrupted runs can be asked for again", ErrDamaged, path, reason(sealedfile.ErrDamaged))
	case errors.Is(err, fs.ErrNotExist): // a missing file would be created
		return fmt.Errorf("creating the journal %q: %w: its directory does not exist; create it, or use a different file", path, fs.ErrNotExist)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("opening the journal %q: %w: mount it for writing, or use a different file", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("opening the journal %q: %w: let this account read and write the file, and create files in its directory", path, err)
	case sealedfile.IsFull(err):
		return fmt.Errorf("%w: %q: %w. Make room on the disk, or raise the quota or limit of this account", ErrFull, path, err)
	}
	return fmt.Errorf("opening the journal %q: %w", path, err)
}

// Begin writes an intent and returns once it has been synced to disk.
func (j *Journal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	if ctx.Err() != nil {
		return quarantine.Claim{}, context.Cause(ctx)
	}
	r, err := newRecord(in)
	if err != nil {
		return quarantine.Claim{}, err
	}
	return j.claims.make(in.Operation, owner, lease, func() error {
		return j.update(func(tx *sealedfile.Tx) error { return put(tx, r) })
	})
}

// Claim claims an intent for an owner. Nothing is written.
func (j *Journal) Claim(ctx context.Context, operation, owner string, lease time.Duration) (in quarantine.Intent, c quarantine.Claim, err error) {
	c, err = j.claims.make(operation, owner, lease, func() (err error) {
		found := false
		in, found, err = j.FindOperation(ctx, operation)
		if err == nil && !found {
			err = quarantine.ErrNoIntent
		}
		return err
	})
	if err != nil {
		in = quarantine.Intent{}
	}
	return in, c, err
}

// Renew extends a claim to last for a lease from now. Nothing is written.
func (j *Journal) Renew(_ context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if err := j.explain(j.file.Broken()); err != nil {
		return quarantine.Claim{}, err
	}
	return j.claims.renew(c, lease)
}

// Finish removes the intent of a claim. It is not an error if the intent does not exist.
func (j *Journal) Finish(ctx context.Context, c quarantine.Claim) error {
	err := j.claims.end(c, func() error {
		return j.update(func(tx *sealedfile.Tx) error { return remove(tx, c.Operation) })
	})
	if !errors.Is(err, errUnclaimed) {
		return err
	}
	if _, found, err := j.FindOperation(ctx, c.Operation); found || err != nil {
		return errors.Join(quarantine.ErrClaimLost, err)
	}
	return nil
}

// errUnclaimed means that nobody has a claim to an operation.
var errUnclaimed = errors.New("no claim")

// Pending yields the unfinished intents, oldest first, using about 100 bytes of memory
// for each. It does not yield intents that are begun meanwhile, and skips those that are
// finished before their turn. Intents that cannot be read come last, each as an error.
func (j *Journal) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	return func(yield func(quarantine.Intent, error) bool) {
		places, err := j.places()
		if err != nil {
			yield(quarantine.Intent{}, err)
			return
		}
		for _, p := range places {
			if ctx.Err() != nil {
				yield(quarantine.Intent{}, context.Cause(ctx))
				return
			}
			in, found, err := j.FindOperation(ctx, p.operation)
			if (found || err != nil) && !yield(in, err) {
				return
			}
		}
		for _, err := range j.unread() {
			if !yield(quarantine.Intent{}, err) {
				return
			}
		}
	}
}

// FindOperation returns the intent of an operation, if there is one.
func (j *Journal) FindOperation(_ context.Context, operation string) (in quarantine.Intent, found bool, err error) {
	err = j.view(func(tx *sealedfile.Tx) error {
		stored, err := tx.Get(intentsTable, []byte(operation))
		if err != nil {
			return err
		}
		if stored == nil {
			return tx.Unadopted(func(_ string, unread, text []byte) error {
				if string(unread) != operation {
					return nil
				}
				return unreadable(unread, text)
			})
		}
		in, err = decode(operation, stored)
		found = err == nil
		return err
	})
	return in, found, err
}

// FindTarget returns the unfinished intents of a target, oldest first.
func (j *Journal) FindTarget(_ context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	key, err := targetKey(t)
	if err != nil {
		return nil, err
	}
	var intents []quarantine.Intent
	err = j.view(func(tx *sealedfile.Tx) error {
		return tx.Scan(targetsTable, key, func(k, _ []byte) error {
			operation := k[len(key):]
			stored, err := tx.Get(intentsTable, operation)
			if err != nil {
				return err
			}
			in, err := decode(string(operation), stored)
			if err == nil {
				intents = append(intents, in)
			}
			return err
		})
	})
	sortIntents(intents)
	return intents, errors.Join(append([]error{err}, j.unread()...)...)
}

// unread returns an error for each intent of an earlier version that cannot be read.
func (j *Journal) unread() (errs []error) {
	err := j.view(func(tx *sealedfile.Tx) error {
		return tx.Unadopted(func(_ string, operation, text []byte) error {
			errs = append(errs, unreadable(operation, text))
			return nil
		})
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

func (j *Journal) update(do func(*sealedfile.Tx) error) error { return j.explain(j.file.Update(do)) }
func (j *Journal) view(do func(*sealedfile.Tx) error) error   { return j.explain(j.file.View(do)) }

// explain adds what to do if the file turns out to be damaged while it is open, or cannot
// be written.
func (j *Journal) explain(err error) error {
	for _, of := range []error{sealedfile.ErrDamaged, sealedfile.ErrBroken, sealedfile.ErrFull} {
		if errors.Is(err, of) {
			return explain(j.path, err)
		}
	}
	return err
}

// unreadable returns the reason why an intent of an earlier version was not adopted.
func unreadable(operation, text []byte) error {
	_, err := decodeFirst(operation, text)
	return fmt.Errorf("intent %q in the journal cannot be read: %w", operation, err)
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }
