package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// ReportState is what was decided about a report.
type ReportState string

// States of a report.
const (
	ReportWaiting     ReportState = "waiting"     // nothing was decided, so nothing was taken
	ReportQuarantined ReportState = "quarantined" // a campaign takes the messages that it is about
	ReportDismissed   ReportState = "dismissed"   // nothing will be done
)

// Errors of [Reports]; test with errors.Is.
var (
	// ErrNoReport reports a key that no report has.
	ErrNoReport = errors.New("fleet: no such report")
	// ErrDecided reports that the messages of a report are being taken, so it cannot be
	// dismissed: restore its campaign instead.
	ErrDecided = errors.New("fleet: the messages of the report are being taken already; restore its campaign to put them back")
	// ErrNothingSure reports that a report is about no message, or none that is certain
	// enough to be taken: look at it, and enqueue the targets yourself.
	ErrNothingSure = errors.New("fleet: nothing in the report is sure enough to be taken; dismiss it, or name the messages in a campaign of your own")
)

// KeptReport is a report of suspicious mail as [ReportWatch] has stored it. It is plain
// data, and its JSON names are stable. Its content was written by strangers.
type KeptReport struct {
	Key      string    `json:"key"`
	Mailbox  string    `json:"mailbox"` // to which it was reported
	ID       string    `json:"id"`      // see [reported.Report]
	Received time.Time `json:"received"`
	Reporter string    `json:"reporter"` // address in From
	Subject  string    `json:"subject"`  // of the report

	// Meant is what the report contains. It is nil as long as the report could not be read,
	// for which Problem has the reason, and in [Reports.List], which leaves it out.
	Meant   *understood.Report `json:"meant,omitempty"`
	Problem string             `json:"problem,omitempty"`

	// State is what was decided; By, Reason and Decided are by whom, why and when. Campaign
	// is the name of the campaign that takes the messages.
	State    ReportState `json:"state"`
	Campaign string      `json:"campaign,omitempty"`
	By       string      `json:"by,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Decided  time.Time   `json:"decided,omitzero"`
}

// Reports keeps reports of suspicious mail in PostgreSQL, and what was decided about them.
// Nothing is taken because of a report until [Reports.Quarantine] is called. Its methods
// may be called concurrently, even by several processes.
type Reports struct{ campaigns *Campaigns }

// NewReports returns the reports in the database of campaigns. It does no I/O.
func NewReports(campaigns *Campaigns) *Reports { return &Reports{campaigns} }

const reportColumns = `report, mailbox, id, received, reporter, subject, problem, state, campaign, by, reason, decided`

func (r *KeptReport) fields(decided **time.Time) []any {
	return []any{&r.Key, &r.Mailbox, &r.ID, &r.Received, &r.Reporter, &r.Subject, &r.Problem, &r.State, &r.Campaign, &r.By, &r.Reason, decided}
}

// keyOfReport returns the key of a report: ids are unique only within their mailbox.
func keyOfReport(mailbox, id string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(mailbox) + "\x00" + id))
	return hex.EncodeToString(sum[:16])
}

// keep stores a report, unless it is already stored; content that could not be read before
// is then added. It returns what was decided about the report.
func (s *Reports) keep(ctx context.Context, mailbox string, r reported.Report, meant *understood.Report, problem string) (state ReportState, err error) {
	var content any
	if meant != nil {
		text, err := json.Marshal(meant)
		if err != nil {
			return "", fmt.Errorf("fleet: report %s: %w", r.ID, err)
		}
		content = string(text)
	}
	err = s.campaigns.pool.QueryRow(ctx, `INSERT INTO fleet_reports AS r (report, mailbox, id, received, reporter, subject, content, problem)
		VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8)
		ON CONFLICT (report) DO UPDATE SET content = coalesce(r.content, excluded.content),
			problem = CASE WHEN r.content IS NULL THEN excluded.problem ELSE r.problem END
		RETURNING state`, keyOfReport(mailbox, r.ID), mailbox, r.ID, r.Received, shown(r.From), shown(r.Subject), content, problem).Scan(&state)
	return state, explain(err)
}

// Report returns a report by its key. The error matches [ErrNoReport], or is from the
// database.
func (s *Reports) Report(ctx context.Context, key string) (KeptReport, error) {
	r, err := reportIn(ctx, s.campaigns.pool, key, "")
	return r, explain(err)
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func reportIn(ctx context.Context, db querier, key, lock string) (r KeptReport, err error) {
	var content []byte
	var decided *time.Time
	err = db.QueryRow(ctx, `SELECT `+reportColumns+`, content FROM fleet_reports WHERE report = $1 `+lock, shown(key)).Scan(append(r.fields(&decided), &content)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNoReport
	}
	if decided != nil {
		r.Decided = *decided
	}
	if err == nil && content != nil {
		err = json.Unmarshal(content, &r.Meant)
	}
	return r, err
}

// List returns at most n reports, the latest first, in a state or, if that is empty, in
// any. They are older than after: the last report of the previous page, or nil for the
// first page.
func (s *Reports) List(ctx context.Context, state ReportState, after *KeptReport, n int) ([]KeptReport, error) {
	if after == nil {
		after = &KeptReport{Received: time.Unix(1<<40, 0)} // later than any report
	}
	rows, err := s.campaigns.pool.Query(ctx, `SELECT `+reportColumns+` FROM fleet_reports WHERE ($1 = '' OR state = $1) AND (received, report) < ($2, $3)
		ORDER BY received DESC, report DESC LIMIT $4`, string(state), after.Received, after.Key, n)
	if err != nil {
		return nil, explain(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r KeptReport, err error) {
		var decided *time.Time
		if err = row.Scan(r.fields(&decided)...); decided != nil {
			r.Decided = *decided
		}
		return r, err
	})
	return all, explain(err)
}

// Counts returns how many reports there are in each state that has any.
func (s *Reports) Counts(ctx context.Context) (map[ReportState]int, error) {
	rows, err := s.campaigns.pool.Query(ctx, `SELECT state, count(*) FROM fleet_reports GROUP BY state`)
	if err != nil {
		return nil, explain(err)
	}
	all := make(map[ReportState]int)
	var state ReportState
	var n int
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		all[state] = n
		return nil
	})
	return all, explain(err)
}
