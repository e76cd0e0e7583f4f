package quarantine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// CampaignJournal is a [Journal] that also remembers which targets of a campaign are
// finished: see [Router.QuarantineCampaign]. A mark belongs to a campaign and to the Key of
// a target, and is the receipt. In SQL:
//
//	CREATE TABLE marks (
//		campaign text, target text, receipt json NOT NULL,
//		PRIMARY KEY (campaign, target));
//
// Store the JSON of the receipt whole. What [Journal] requires about errors and crashes
// applies here as well: a mark that was written survives a crash, and one that cannot be
// read is an error.
type CampaignJournal interface {
	Journal

	// Mark stores the receipt of a finished target, replacing an earlier one for the same
	// campaign and target.
	Mark(ctx context.Context, campaign string, r *Receipt) error

	// Marked returns the receipt of the target with the same [Target.Key], or nil if
	// the campaign has none.
	Marked(ctx context.Context, campaign string, t Target) (*Receipt, error)

	// Marks yields the receipts of a campaign, in any order, without holding all of them in
	// memory. An error stands for one that cannot be read; an error from the journal or the
	// context ends the sequence.
	Marks(ctx context.Context, campaign string) iter.Seq2[*Receipt, error]

	// Forget removes the marks of a campaign. It is not an error if there are none.
	Forget(ctx context.Context, campaign string) error
}

// KeyedMarks is a [CampaignJournal] that knows whether a target is finished without reading
// its receipt. A campaign that is started again can then begin with the remaining targets
// immediately, and yields the receipts of the finished ones alongside. Journals need not
// implement it.
type KeyedMarks interface {
	CampaignJournal

	// HasMark reports whether Marked would return a receipt.
	HasMark(ctx context.Context, campaign string, t Target) (bool, error)

	// MarkOf is Marked for the target with a [Target.Key].
	MarkOf(ctx context.Context, campaign, key string) (*Receipt, error)
}

// MaxCampaign is the longest name of a campaign, in bytes.
const MaxCampaign = 256

// QuarantineCampaign is [Router.QuarantineAll] for a run that can be interrupted and
// started again with the same targets and the same name. It continues where it stopped: a
// finished target is not run again, and its receipt is yielded unchanged. A target is
// finished if its receipt has no error and no Residue (which a restore in progress also
// leaves); the outcome does not matter. So messages that have arrived since are not taken,
// not even by criteria, and [Limits] count only what is not finished. Targets are the same
// if they ask for the same messages: see [Target.Same]. For a run that can be watched and
// paused, see [Campaign].
//
// The receipts are kept in the journals of the services, each of which must be a
// [CampaignJournal]; the error matches [ErrInvalid] if one is not, or if the name is
// empty, longer than [MaxCampaign] bytes, not valid UTF-8, or contains control
// characters. They are kept until [Router.ForgetCampaign].
//
// A receipt that could not be kept is yielded with an error but is nevertheless true; its
// target is run again next time. So is a target whose mark could not be looked up: it is
// not run now, and is yielded with an error, too.
func (r *Router) QuarantineCampaign(ctx context.Context, campaign string, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	if campaign == "" {
		err := r.checkCampaign(campaign)
		return func(yield func(*Receipt, error) bool) { yield(nil, err) }
	}
	return r.NewCampaign(&CampaignOptions{Name: campaign}).Quarantine(ctx, targets)
}

// finished reports whether nothing is left to do for the target.
func (r *Receipt) finished() bool {
	return r.Err() == nil && !slices.ContainsFunc(r.Items, func(it ReceiptItem) bool { return it.Residue != "" })
}

// ForgetCampaign removes everything the journals have kept for a campaign. It is not an
// error if there is nothing.
func (r *Router) ForgetCampaign(ctx context.Context, campaign string) error {
	if err := r.checkCampaign(campaign); err != nil {
		return err
	}
	var errs []error
	for _, rt := range r.routes {
		if err := rt.service.claims.journal.(CampaignJournal).Forget(ctx, campaign); err != nil {
			errs = append(errs, onServer(rt, fmt.Errorf("journal: %w", err)))
		}
	}
	return errors.Join(errs...)
}

// checkCampaign refuses unusable names and journals.
func (r *Router) checkCampaign(campaign string) error {
	var errs []error
	if campaign == "" || len(campaign) > MaxCampaign {
		errs = append(errs, driver.Invalid("arguments", "campaign", fmt.Sprintf("has %d bytes; give it a name of 1 to %d", len(campaign), MaxCampaign)))
	}
	if !utf8.ValidString(campaign) || strings.ContainsFunc(campaign, unicode.IsControl) {
		errs = append(errs, driver.Invalid("arguments", "campaign", fmt.Sprintf("is %q, which not every journal can store; give it a name in UTF-8 without control characters", campaign)))
	}
	for _, rt := range r.routes {
		if _, ok := rt.service.claims.journal.(CampaignJournal); !ok {
			errs = append(errs, onServer(rt, driver.Invalid("options", "Journal", "does not implement CampaignJournal, so it is not known which targets are finished; use one that does, such as that of package boltjournal, or QuarantineAll")))
		}
	}
	return errors.Join(errs...)
}
