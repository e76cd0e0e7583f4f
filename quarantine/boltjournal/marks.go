package boltjournal

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// forgetAtOnce is how many marks are removed in one transaction.
const forgetAtOnce = 1000

// campaignKey returns the prefix of the keys of a campaign. Its length comes first, so
// that no campaign is a prefix of another.
func campaignKey(campaign string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(campaign))), campaign...)
}

// Mark stores the receipt of a target and returns once it has been synced to disk.
func (j *Journal) Mark(ctx context.Context, campaign string, r *quarantine.Receipt) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	key, err := targetKey(r.Target)
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err == nil {
		text, err = j.pack(text)
	}
	if err != nil {
		return err
	}
	return j.update(func(tx *sealedfile.Tx) error {
		return tx.Put(campaignsTable, append(campaignKey(campaign), key...), text)
	})
}

// Marked returns the receipt of a target, or nil if it has none in the campaign.
func (j *Journal) Marked(_ context.Context, campaign string, t quarantine.Target) (*quarantine.Receipt, error) {
	key, err := targetKey(t)
	if err != nil {
		return nil, err
	}
	return j.mark(append(campaignKey(campaign), key...))
}

// HasMark reports whether a target has a receipt in the campaign, without reading it.
func (j *Journal) HasMark(_ context.Context, campaign string, t quarantine.Target) (has bool, err error) {
	key, err := targetKey(t)
	if err != nil {
		return false, err
	}
	err = j.view(func(tx *sealedfile.Tx) error {
		has = tx.Has(campaignsTable, append(campaignKey(campaign), key...))
		return nil
	})
	return has, err
}

// MarkOf returns the receipt of the target with a key, or nil if it has none in the
// campaign.
func (j *Journal) MarkOf(_ context.Context, campaign, key string) (*quarantine.Receipt, error) {
	target, err := hex.DecodeString(key)
	if err != nil {
		return nil, err
	}
	return j.mark(append(campaignKey(campaign), target...))
}

// mark returns the receipt with a key, or nil.
func (j *Journal) mark(key []byte) (r *quarantine.Receipt, err error) {
	err = j.view(func(tx *sealedfile.Tx) error {
		text, err := tx.Get(campaignsTable, key)
		if err != nil || text == nil {
			return err
		}
		text, err = unpack(text)
		r = new(quarantine.Receipt)
		if err == nil {
			err = json.Unmarshal(text, r)
		}
		if err != nil {
			r = nil
			return fmt.Errorf("a receipt of a campaign in the journal cannot be read: %w", err)
		}
		return nil
	})
	return r, err
}

// marksAtOnce is how many keys are held in memory while marks are read.
const marksAtOnce = 1000

// Marks yields the receipts of a campaign, using a few kilobytes of memory. They may
// include receipts that are written meanwhile.
func (j *Journal) Marks(ctx context.Context, campaign string) iter.Seq2[*quarantine.Receipt, error] {
	return func(yield func(*quarantine.Receipt, error) bool) {
		var last []byte
		for {
			keys, err := j.markKeys(campaign, last, marksAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, key := range keys {
				if ctx.Err() != nil {
					yield(nil, context.Cause(ctx))
					return
				}
				r, err := j.mark(key)
				if (r != nil || err != nil) && !yield(r, err) {
					return
				}
				last = append(key, 0) // the smallest key after this one
			}
			if len(keys) < marksAtOnce {
				return
			}
		}
	}
}

// markKeys returns some keys of a campaign's marks, starting at a key if one is given.
func (j *Journal) markKeys(campaign string, from []byte, most int) (keys [][]byte, err error) {
	err = j.view(func(tx *sealedfile.Tx) error {
		return tx.Keys(campaignsTable, campaignKey(campaign), from, func(key []byte) error {
			if len(keys) == most {
				return errEnough
			}
			keys = append(keys, slices.Clone(key))
			return nil
		})
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return keys, err
}

// errEnough ends a scan.
var errEnough = errors.New("enough")

// Forget removes all marks of a campaign, in several transactions. If it is interrupted,
// the rest can be forgotten later.
func (j *Journal) Forget(ctx context.Context, campaign string) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		keys, err := j.markKeys(campaign, nil, forgetAtOnce)
		if err != nil || len(keys) == 0 {
			return err
		}
		err = j.update(func(tx *sealedfile.Tx) error {
			for _, key := range keys {
				if err := tx.Delete(campaignsTable, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
