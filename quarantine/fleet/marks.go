package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// largestMark is the maximum size of a receipt, in bytes: enough for a message with ten
// thousand copies.
const largestMark = 64 << 20

// mark is a receipt as stored.
type mark struct {
	campaign, target string
	text             string // JSON
	seal             []byte
}

func (m *mark) sum() []byte { return checksum("mark", m.campaign, m.target, m.text) }

// decode returns the receipt, if the row is as it was written.
func (m *mark) decode() (*quarantine.Receipt, error) {
	if string(m.seal) != string(m.sum()) {
		return nil, fmt.Errorf("%w: the receipt of target %s in campaign %q", ErrDamaged, m.target, m.campaign)
	}
	r := new(quarantine.Receipt)
	if err := json.Unmarshal([]byte(m.text), r); err != nil {
		return nil, fmt.Errorf("%w: the receipt of target %s in campaign %q cannot be read: %w", ErrDamaged, m.target, m.campaign, err)
	}
	return r, nil
}

// Mark stores the receipt of a target, of at most 64 MiB, and returns once it has been
// committed.
func (j *Journal) Mark(ctx context.Context, campaign string, r *quarantine.Receipt) error {
	if err := storable("campaign", campaign); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(text) > largestMark {
		return driver.Invalid("arguments", "receipt", fmt.Sprintf("has %d bytes, and a journal keeps at most %d", len(text), largestMark))
	}
	m := mark{campaign: campaign, target: r.Target.Key(), text: string(text)}
	return j.db.do(ctx, func(ctx context.Context) error {
		_, err := j.db.pool.Exec(ctx, `INSERT INTO fleet_marks (campaign, target, receipt, seal, at) VALUES ($1, $2, $3::json, $4, clock_timestamp())
			ON CONFLICT (campaign, target) DO UPDATE SET (receipt, seal, at) = (excluded.receipt, excluded.seal, excluded.at)`,
			m.campaign, m.target, m.text, m.sum())
		return err
	})
}

// Marked returns the receipt of a target, or nil if it has none in the campaign.
func (j *Journal) Marked(ctx context.Context, campaign string, t quarantine.Target) (*quarantine.Receipt, error) {
	return j.MarkOf(ctx, campaign, t.Key())
}

// MarkOf returns the receipt of the target with a key, or nil if it has none in the
// campaign.
func (j *Journal) MarkOf(ctx context.Context, campaign, key string) (*quarantine.Receipt, error) {
	if storable("campaign", campaign) != nil || storable("key", key) != nil {
		return nil, nil
	}
	marks, err := j.marks(ctx, `campaign = $1 AND target = $2`, campaign, key)
	if err != nil || len(marks) == 0 {
		return nil, err
	}
	return marks[0].decode()
}

// HasMark reports whether a target has a receipt in the campaign, without reading it.
func (j *Journal) HasMark(ctx context.Context, campaign string, t quarantine.Target) (has bool, err error) {
	if storable("campaign", campaign) != nil {
		return false, nil
	}
	err = j.db.do(ctx, func(ctx context.Context) error {
		return j.db.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM fleet_marks WHERE campaign = $1 AND target = $2)`, campaign, t.Key()).Scan(&has)
	})
	return has, err
}

// Marks yields the receipts of a campaign, reading a page at a time. Those that are written
// meanwhile may be among them.
func (j *Journal) Marks(ctx context.Context, campaign string) iter.Seq2[*quarantine.Receipt, error] {
	return func(yield func(*quarantine.Receipt, error) bool) {
		if storable("campaign", campaign) != nil {
			return // it has none
		}
		last := ""
		for {
			page, err := j.marks(ctx, `campaign = $1 AND target > $2 ORDER BY target LIMIT $3`, campaign, last, pageSize)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, m := range page {
				if ctx.Err() != nil {
					yield(nil, context.Cause(ctx))
					return
				}
				if !yield(m.decode()) {
					return
				}
				last = m.target
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// marks returns the receipts that a condition selects.
func (j *Journal) marks(ctx context.Context, condition string, args ...any) (all []mark, err error) {
	err = j.db.do(ctx, func(ctx context.Context) error {
		found, err := j.db.pool.Query(ctx, `SELECT campaign, target, receipt::text, seal FROM fleet_marks WHERE `+condition, args...)
		if err == nil {
			all, err = pgx.CollectRows(found, func(c pgx.CollectableRow) (m mark, err error) {
				err = c.Scan(&m.campaign, &m.target, &m.text, &m.seal)
				return m, err
			})
		}
		return err
	})
	return all, err
}

// forgetAtOnce is how many receipts are removed in one statement.
const forgetAtOnce = 1000

// Forget removes all receipts of a campaign, some at a time. If it is interrupted, the rest
// can be removed later.
func (j *Journal) Forget(ctx context.Context, campaign string) error {
	if storable("campaign", campaign) != nil {
		return nil
	}
	for more := true; more; {
		err := j.db.do(ctx, func(ctx context.Context) error {
			tag, err := j.db.pool.Exec(ctx, `DELETE FROM fleet_marks WHERE campaign = $1 AND target IN
				(SELECT target FROM fleet_marks WHERE campaign = $1 LIMIT $2)`, campaign, forgetAtOnce)
			more = tag.RowsAffected() > 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
