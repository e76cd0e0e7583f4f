package passage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
)

// scene is two mailboxes, and an engine whose calls are recorded.
type scene struct {
	*twobox.System
	engine *passage.Engine
	way    driver.Way
	ledger ledger
	trace  strings.Builder
	number int                // of the next call
	twist  func(*detour.Call) // makes a call go differently; nil: the driver acts
	crash  func()             // ends the run
	sends  driver.Direction   // of the passage under test
	deep   bool               // searches show items in Recoverable Items
	short  bool               // what results from it is shorter than before
	closed bool               // no content can be read
}

// letters are the letters for calls; calls to the quarantine mailbox have capitals.
var letters = map[detour.Kind]string{
	detour.Find: "f", detour.Inspect: "i", detour.Content: "c", detour.Mark: "m", detour.Remove: "r",
	detour.Shelve: "s", detour.Leftovers: "l", detour.Folder: "d", detour.Home: "h", detour.Carry: "<",
}

func newScene(way driver.Way) *scene {
	s := &scene{System: twobox.New(alice, vault), way: way, ledger: ledger{}}
	ways := []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	for ways[0] != way {
		ways = ways[1:]
	}
	s.engine = &passage.Engine{
		Strategy: detour.Strategy(s.Strategy(ways...), func(_ context.Context, c *detour.Call) {
			letter := letters[c.Kind]
			if c.Box == vault {
				letter = strings.ToUpper(letter)
			}
			if letter == "<" && c.Box == alice {
				letter = ">"
			}
			if s.trace.WriteString(letter); s.trace.Len() > 100_000 {
				panic("endless: " + s.trace.String()[:1000])
			}
			if c.Change.SetHeader.Name != "" || c.Change.DropHeader != "" {
				s.trace.WriteString("{" + c.Change.SetHeader.Name + "-" + c.Change.DropHeader + "}")
			}
			if c.Change.Read != nil {
				s.trace.WriteString(map[bool]string{true: "{read}", false: "{unread}"}[*c.Change.Read])
			}
			if s.twist != nil {
				s.twist(c)
			} else {
				c.Act()
			}
			if c.Kind == detour.Content && s.closed {
				c.Fail(errDenied)
			}
			if c.Kind == detour.Find && s.deep {
				s.addRecoverable(c)
			}
			s.dress(&c.Answer)
			if c.Kind == detour.Inspect { // like EWS, which returns only the id
				c.Answer.Item.Folder = driver.Folder{ID: c.Answer.Item.Folder.ID}
			}
			s.number++
		}),
		Attempts: 3, Wait: 2 * time.Second, Lag: time.Minute, Doubt: 15 * time.Minute,
		Keys: [][]byte{[]byte("new"), []byte("old")}, Log: slog.New(slog.DiscardHandler),
		Jitter: func(d time.Duration) time.Duration { return d },
		Saw: func(row string) {
			name, _, _ := strings.Cut(row, " (")
			s.trace.WriteString(" " + strings.ReplaceAll(name, " ", "-") + " ")
		},
	}
	if way == driver.WayMIME {
		s.engine.QuarantineHeader, s.engine.UndoHeader = driver.Header{Name: "X-Quarantined", Value: "1"}, driver.Header{Name: "X-Released", Value: "1"}
	}
	s.engine.Shelf = func(ctx context.Context) (driver.Folder, error) {
		return s.engine.Strategy.Mailbox(vault).Folder(ctx, driver.FolderRequest{Names: []string{"Surplus"}, Create: true})
	}
	return s
}

// addRecoverable makes a search show stamped items in Recoverable Items, as a driver
// can be set to do.
func (s *scene) addRecoverable(c *detour.Call) {
	for _, o := range s.In(c.Box, true) {
		if s.Folders[o.Folder].Recoverable && o.Stamp != nil {
			if it, err := s.Strategy(s.way).Mailbox(c.Box).Inspect(context.Background(), o.ID); err == nil {
				c.Answer.Found.Items = append(c.Answer.Found.Items, it)
			}
		}
	}
}

// dress gives the items that a driver returns a size, and an attachment if the way keeps
// it: a server may list none for a message that it has recreated. A search lists none.
func (s *scene) dress(a *detour.Answer) {
	dress := func(it *driver.Item) {
		copied := it.Mailbox == vault == (s.sends == driver.ToQuarantine)
		rebuilt := copied && it.Stamp != nil && it.Stamp.Direction == s.sends && (it.Stamp.Rebuilt || it.Stamp.Attempt == "")
		it.Size, it.HasAttachments = 100_000, s.way != driver.WayMove && !rebuilt
		switch {
		case s.short && copied:
			it.Size = 10_000
		case rebuilt:
			it.Size = 60_000
		}
	}
	if a.Item.ID != "" {
		if dress(&a.Item); a.Item.HasAttachments {
			a.Item.Attachments = []driver.Attachment{{Name: "invoice.pdf", Size: 2000}}
		}
	}
	for _, items := range [][]driver.Item{a.Items, a.Found.Items} {
		for i := range items {
			dress(&items[i])
		}
	}
}

// ledger has the stamp and the item of each open intent.
type ledger map[string]intent

type intent struct {
	stamp driver.Stamp
	item  driver.Item
}

func (l ledger) Begin(_ context.Context, s driver.Stamp, it driver.Item) error {
	l[s.Operation] = intent{s, it}
	return nil
}

func (l ledger) Finish(_ context.Context, operation string) error {
	delete(l, operation)
	return nil
}

func (l ledger) Knows(_ context.Context, operation string) (bool, error) {
	_, ok := l[operation]
	return ok, nil
}

// deliver delivers a message to Alice's Inbox.
func (s *scene) deliver() *twobox.Object {
	at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	return s.Deliver(alice, twobox.Message{ID: "<1@evil.example>", Subject: "Invoice", Received: at, Sent: at})
}

// set delivers a message that runs are to send in a direction. If that is back to its user,
// it first takes the message into quarantine.
func (s *scene) set(t *testing.T, d driver.Direction) *twobox.Object {
	o := s.deliver()
	if d == driver.ToUser {
		s.again(t.Context(), driver.ToQuarantine)
		time.Sleep(time.Hour)
		o = s.In(vault, false)[0]
	}
	s.sends = d
	return o
}

// seen returns an object as a search finds it.
func (s *scene) seen(t testing.TB, o *twobox.Object) driver.Item {
	t.Helper()
	it, err := s.Strategy(s.way).Mailbox(o.Box).Inspect(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	a := detour.Answer{Item: it}
	s.dress(&a)
	return a.Item
}

// passage returns the passage of an item in a direction.
func (s *scene) passage(d driver.Direction, it driver.Item) *passage.Passage {
	user, q := s.engine.Strategy.Mailbox(alice), s.engine.Strategy.Mailbox(vault)
	if d == driver.ToQuarantine {
		return s.engine.New(passage.Passage{
			Direction: d, Reason: "phishing", From: user, To: q, Item: it, Ledger: s.ledger,
			Folder: func(ctx context.Context, again bool) (driver.Folder, error) {
				return q.Folder(ctx, driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
			},
			Scope:     func(f driver.Folder) driver.Query { return driver.Query{In: &f} },
			NameInUse: func(string) bool { return false },
		})
	}
	return s.engine.New(passage.Passage{
		Direction: d, From: q, To: user, Item: it, Ledger: s.ledger,
		Folder: func(ctx context.Context, again bool) (driver.Folder, error) {
			was := driver.Folder{}
			if it.Stamp != nil {
				was = it.Stamp.Folder
			}
			if again {
				was.ID = ""
			}
			return user.Home(ctx, was)
		},
		Scope:     func(driver.Folder) driver.Query { return driver.Query{} },
		NameInUse: func(string) bool { return false },
	})
}

// run runs a passage to its end, and describes in words how it ended.
func (s *scene) run(ctx context.Context, p *passage.Passage) string {
	err := p.Run(ctx)
	return s.end(ctx, p, err)
}

// end releases a restored item, closes the intent of a finished passage, and
// describes in words how the passage ended.
func (s *scene) end(ctx context.Context, p *passage.Passage, err error) string {
	if err == nil && p.Direction == driver.ToUser {
		err = p.Release(ctx)
	}
	r := p.Result()
	how := "done"
	switch {
	case err == nil:
		p.Finish(ctx)
	case errors.Is(err, passage.ErrNowhere):
		how = "nowhere"
	case errors.Is(err, passage.ErrUndecided):
		how = "undecided"
	case driver.Untouched(err) && !driver.Temporary(err):
		how = "refused"
	default:
		how = "failed"
	}
	if r.Copy != nil {
		how += " in " + r.Copy.Folder.Path
	}
	if err != nil {
		text := strings.TrimPrefix(err.Error(), passage.ErrUndecided.Error()+"; run it again, or recover: ")
		how += ": " + strings.ReplaceAll(text, "\n", " / ")
	}
	if r.Residue != "" {
		how += "; left: " + r.Residue
	}
	return fmt.Sprintf("%s%s", how, map[bool]string{true: " (" + string(r.Way) + ")"}[r.Way != ""])
}

// count returns how many objects the user sees, how many lie in quarantine, how
// many have been put aside, and how many can be recovered.
func (s *scene) count() (user, taken, aside, recoverable int) {
	for _, o := range append(s.In(alice, true), s.In(vault, true)...) {
		switch f := s.Folders[o.Folder]; {
		case f.Recoverable:
			recoverable++
		case o.Stamp != nil && o.Stamp.Direction == driver.Surplus, f.Name == "Surplus":
			aside++
		case o.Box == alice:
			user++
		default:
			taken++
		}
	}
	return user, taken, aside, recoverable
}

// again sends whatever is seen at one end to the other, and returns how that ended.
func (s *scene) again(ctx context.Context, d driver.Direction) (ends []string) {
	from := alice
	if d == driver.ToUser {
		from = vault
	}
	twist := s.twist
	s.twist = nil
	defer func() { s.twist = twist }()
	found, err := s.engine.Find(ctx, s.engine.Strategy.Mailbox(from), driver.Query{MessageID: "<1@evil.example>"})
	if err != nil {
		return []string{err.Error()}
	}
	for _, it := range found.Items {
		if d == driver.ToUser && (it.Stamp == nil || it.Stamp.Direction == driver.Surplus) {
			continue
		}
		ends = append(ends, s.run(ctx, s.passage(d, it)))
	}
	return ends
}

// recover settles the open intents.
func (s *scene) recover(ctx context.Context) (ends []string) {
	for operation, in := range s.ledger {
		p := s.passage(in.stamp.Direction, in.item)
		now, err := s.engine.Inspect(ctx, p.From, in.item.ID)
		unmarked := now != nil && (now.Stamp == nil || now.Stamp.Operation != operation || now.Stamp.Attempt != in.stamp.Attempt || now.Stamp.Direction != in.stamp.Direction)
		switch {
		case err != nil:
		case unmarked:
			p = s.passage(in.stamp.Direction, *now)
			p.Begun(operation)
			if err = p.Uncarried(ctx, in.stamp); err == nil {
				err = p.Run(ctx)
			}
		default:
			err = p.Resume(ctx, in.stamp)
		}
		end := s.end(ctx, p, err)
		if strings.HasPrefix(end, "nowhere") {
			p.Finish(ctx)
		}
		ends = append(ends, end)
	}
	return ends
}
