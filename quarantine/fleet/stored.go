package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Why stored data of a campaign is not acted upon.
var (
	// errLater: a later version of the program has stored more than this one understands,
	// such as a criterion without which too much would be taken.
	errLater = errors.New("fleet: it was stored by a later version of the program; this worker leaves it to those of that version, so start one")
	// errUnreadable: no version has stored this.
	errUnreadable = errors.New("fleet: it cannot be read; it was changed in the database: give the target in another campaign")
)

// readStored reads stored data of a campaign, and refuses fields that it does not know.
func readStored[T any](text []byte) (stored T, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	strict := d.Decode(&stored)
	if _, more := d.Token(); strict == nil && errors.Is(more, io.EOF) {
		return stored, nil
	}
	var known T
	if err := json.Unmarshal(text, &known); err != nil {
		return known, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return known, fmt.Errorf("%w: %w", errLater, strict)
}

// leave records why nothing was done to a target. A target that cannot be read is settled;
// one that workers of another version can do waits for them.
func (w *Workers) leave(ctx context.Context, campaign string, d due) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	w.opts.Logger.WarnContext(ctx, "target left alone", "campaign", campaign, "target", d.key, "error", textOf(d.unread))
	_, err := w.pool.Exec(ctx, `UPDATE fleet_targets SET begun = acted OR tries > 0, problem = $3, not_before = now() + $4, settled = $5,
			outcome = CASE WHEN $5 AND outcome = '' THEN 'failed' ELSE outcome END, finished = CASE WHEN $5 THEN now() ELSE finished END
		WHERE campaign = $1 AND target = $2 AND NOT settled`, campaign, d.key, textOf(d.unread), w.opts.Settle, errors.Is(d.unread, errUnreadable))
	return err
}
