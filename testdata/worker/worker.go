// Package worker is a product that embeds the module, in a separate module: it takes
// the messages that a queue names out of the mailboxes of several organisations, with a
// journal in SQL, traces, and a way of its own to sign in.
package worker

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// work ends when the queue does, or with its context; what it has begun is then in the
// journal, and the next one finishes it.
func work(ctx context.Context, configs []exchange.Config, db *sql.DB, tracer trace.Tracer, password string, queue iter.Seq[quarantine.Target], out io.Writer) error {
	signIn := func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return login{base, password}, nil }
	opts := &exchange.Options{Journal: journal{db}, Hook: spans{tracer}, SignIn: signIn}
	router, err := exchange.OpenRouter(configs, &exchange.RouterOptions{Router: quarantine.RouterOptions{Repeats: true}, OptionsFor: func(*exchange.Config) *exchange.Options { return opts }})
	if err != nil {
		return err
	}
	defer router.Close()
	for _, receipts := range []iter.Seq2[*quarantine.Receipt, error]{router.Recover(ctx), router.QuarantineAll(ctx, queue)} {
		for r, err := range receipts {
			if r == nil {
				return err
			}
			if err != nil { // nothing could be done, and the receipt has only the target
				slog.ErrorContext(ctx, "not done", "mailbox", r.Target.Mailbox, "error", err)
			}
			if err := json.NewEncoder(out).Encode(r); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// login signs in.
type login struct {
	http.RoundTripper
	password string
}

func (l login) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("svc", l.password)
	return l.RoundTripper.RoundTrip(r)
}

// spans traces what is done with each message.
type spans struct{ trace.Tracer }

func (s spans) TraceItemStart(ctx context.Context, it quarantine.ItemStart) context.Context {
	ctx, _ = s.Start(ctx, string(it.Action)+" "+it.Mailbox)
	return ctx
}

func (s spans) TraceItemEnd(ctx context.Context, it quarantine.ItemEnd) {
	trace.SpanFromContext(ctx).AddEvent(string(it.Outcome))
	trace.SpanFromContext(ctx).End()
}

// journal is a quarantine.Journal in SQLite. Its clock counts milliseconds.
type journal struct{ *sql.DB }

const schema = `
CREATE TABLE IF NOT EXISTS intents (operation TEXT PRIMARY KEY, owner, token, until, target, at, intent);
CREATE INDEX IF NOT EXISTS by_target ON intents (target);
CREATE INDEX IF NOT EXISTS by_time ON intents (at, operation);
CREATE TABLE IF NOT EXISTS tokens (n);
INSERT INTO tokens SELECT 1 WHERE NOT EXISTS (SELECT n FROM tokens);
CREATE TRIGGER IF NOT EXISTS begun AFTER INSERT ON intents BEGIN UPDATE tokens SET n = n + 1; END;
CREATE TRIGGER IF NOT EXISTS claimed AFTER UPDATE OF token ON intents BEGIN UPDATE tokens SET n = n + 1; END;
CREATE VIEW IF NOT EXISTS clock AS SELECT n AS token, CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now FROM tokens;`

// Those who may take an intent are its owner and, once the lease has ended, anybody.
const (
	begin = `INSERT INTO intents SELECT ?1, ?2, token, now + ?3, ?4, ?5, ?6 FROM clock WHERE true ON CONFLICT DO UPDATE
		SET (owner, token, until, target, at, intent) = (excluded.owner, excluded.token, excluded.until, excluded.target, excluded.at, excluded.intent)
		WHERE owner = ?2 OR until <= (SELECT now FROM clock)`
	claim = `UPDATE intents SET (owner, token, until) = (SELECT ?2, token, now + ?3 FROM clock)
		WHERE operation = ?1 AND (owner = ?2 OR until <= (SELECT now FROM clock))`
	renew  = `UPDATE intents SET until = (SELECT now + ?3 FROM clock) WHERE operation = ?1 AND owner = ?2 AND token = ?4`
	finish = `DELETE FROM intents WHERE operation = ?1 AND owner = ?2 AND ?3 = 0 AND token = ?4`
)

// change runs a statement, which should change one intent. If it changes none, the error is
// missing where there is no such intent. Otherwise it is lost or, if that is nil, one that
// says who holds the intent.
func (j journal) change(ctx context.Context, statement string, lost, missing error, operation, owner string, lease time.Duration, args ...any) (in quarantine.Intent, c quarantine.Claim, err error) {
	text, holder, until := []byte(nil), "", int64(0)
	c = quarantine.Claim{Operation: operation, Owner: owner}
	err = j.QueryRowContext(ctx, statement+` RETURNING intent, token, until`, append([]any{operation, owner, lease.Milliseconds()}, args...)...).Scan(&text, &c.Token, &until)
	if errors.Is(err, sql.ErrNoRows) {
		err = j.QueryRowContext(ctx, `SELECT owner, until FROM intents WHERE operation = ?`, operation).Scan(&holder, &until)
		if errors.Is(err, sql.ErrNoRows) {
			err = missing
		} else if err == nil {
			err = cmp.Or[error](lost, &quarantine.HeldError{Operation: operation, Owner: holder, Until: time.UnixMilli(until)})
		}
	} else if err == nil {
		err = json.Unmarshal(text, &in)
	}
	c.Until = time.UnixMilli(until)
	return in, c, err
}

func (j journal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return quarantine.Claim{}, err
	}
	_, c, err := j.change(ctx, begin, nil, quarantine.ErrNoIntent, in.Operation, owner, lease, in.Target.Key(), in.At.UnixNano(), text)
	return c, err
}

func (j journal) Claim(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	return j.change(ctx, claim, nil, quarantine.ErrNoIntent, operation, owner, lease)
}

func (j journal) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	_, c, err := j.change(ctx, renew, quarantine.ErrClaimLost, quarantine.ErrClaimLost, c.Operation, c.Owner, lease, c.Token)
	return c, err
}

func (j journal) Finish(ctx context.Context, c quarantine.Claim) error {
	_, _, err := j.change(ctx, finish, quarantine.ErrClaimLost, nil, c.Operation, c.Owner, 0, c.Token)
	return err
}

func (j journal) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	return j.list(ctx, `?1 = ''`, "")
}

func (j journal) list(ctx context.Context, condition, value string) iter.Seq2[quarantine.Intent, error] {
	return func(yield func(quarantine.Intent, error) bool) {
		rows, err := j.QueryContext(ctx, `SELECT intent FROM intents WHERE `+condition+` ORDER BY at, operation`, value)
		if err == nil {
			defer rows.Close()
			for rows.Next() {
				text, in := []byte(nil), quarantine.Intent{}
				if err = rows.Scan(&text); err == nil {
					err = json.Unmarshal(text, &in)
				}
				if !yield(in, err) {
					return
				}
			}
			err = rows.Err()
		}
		if err != nil {
			yield(quarantine.Intent{}, err)
		}
	}
}

func (j journal) FindOperation(ctx context.Context, operation string) (in quarantine.Intent, found bool, err error) {
	for in, err := range j.list(ctx, `operation = ?1`, operation) {
		return in, err == nil, err
	}
	return in, false, nil
}

func (j journal) FindTarget(ctx context.Context, t quarantine.Target) (all []quarantine.Intent, err error) {
	for in, problem := range j.list(ctx, `target = ?1`, t.Key()) {
		if err = errors.Join(err, problem); problem == nil {
			all = append(all, in)
		}
	}
	return all, err
}
