package quarantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Outcome is the result for one copy of a message, or for a whole target.
type Outcome string

// Outcomes.
const (
	// Quarantined means that the copy is in the quarantine mailbox, was read back
	// there, and is gone from the user's folders. Whether the user can recover it
	// from Recoverable Items depends on LeaveRecoverable of [Options].
	Quarantined Outcome = "quarantined"
	// AlreadyQuarantined means that an earlier run quarantined it, for another case or for
	// none: see Reference of [Target]. Nothing was changed.
	AlreadyQuarantined Outcome = "alreadyQuarantined"
	// Restored means that the copy is back in the user's mailbox, was read back
	// there, and is gone from quarantine.
	Restored Outcome = "restored"
	// AlreadyRestored means that it is in the user's mailbox and not in
	// quarantine.
	AlreadyRestored Outcome = "alreadyRestored"
	// Found means that Find, or a dry run, found it. Nothing was changed.
	Found Outcome = "found"
	// NotFound means that there is no such message where it was looked for.
	NotFound Outcome = "notFound"
	// Refused means that the server or the configuration does not allow it. The
	// message is where it was.
	Refused Outcome = "refused"
	// NotBegun means that nothing was done, and nothing from this run can take effect any
	// more: before the first change to the item, the server could not be reached or was
	// busy, the journal could not be written, or the context had ended. The message is
	// where it was; Err says why. It is also the outcome of a whole target if there is an
	// error instead of a result.
	NotBegun Outcome = "notBegun"
	// Failed means that it was begun, or may have been, and could not be completed. At
	// least one whole copy exists; see Err and Residue. Running it again continues from
	// there. Receipts of earlier versions also have it in place of NotBegun.
	Failed Outcome = "failed"
	// Undecided means that it is not known yet where the item is: a request may
	// still take effect, another run is working on it, or what is at the two ends
	// does not match. Err says which and until when. Nothing is removed in the
	// meantime; running it again, or [Service.Recover], settles it.
	Undecided Outcome = "undecided"
)

// Done reports whether the outcome is a success.
func (o Outcome) Done() bool {
	switch o {
	case Quarantined, AlreadyQuarantined, Restored, AlreadyRestored, Found:
		return true
	}
	return false
}

// Receipt records what was asked and what happened. It is plain data: a receipt
// read back from JSON can be restored just as well.
type Receipt struct {
	// Action is "quarantine", "restore" or "find".
	Action string `json:"action"`
	// Server is the name of the service that did the work: see [Options].
	Server string `json:"server,omitempty"`
	Target Target `json:"target"`
	// Strategy is the name of the strategy.
	Strategy string `json:"strategy"`
	// IDs is the mail system that the folder ids in Searched and Unsearched belong to;
	// each [Place] has its own. Empty, as in receipts of earlier versions:
	// [driver.SystemEWS].
	IDs    string `json:"ids,omitempty"`
	DryRun bool   `json:"dryRun,omitempty"`
	// InPlace means that the messages stay in the mailbox, in a folder that the owner does
	// not see without looking for it: see [Options].
	InPlace bool `json:"inPlace,omitempty"`

	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`

	// Cost is what the work has cost, and where the cost arose, as far as the driver
	// reports it.
	Cost driver.Cost `json:"cost,omitzero"`

	// Items has one entry for each copy found.
	Items []ReceiptItem `json:"items"`

	// Notes contain what else people should know: how a Message-ID or URL was
	// understood, and which messages have an id that is nearly the same. If no other
	// message was found, those are in Unsearched, too.
	Notes []string `json:"notes,omitempty"`

	// Searched lists the folders of the mailbox that were searched completely.
	Searched []driver.Searched `json:"searched,omitempty"`
	// Unsearched lists the folders that could not be searched completely, with the
	// reason. If there are any, the receipt is incomplete: there may be more copies.
	Unsearched []driver.Unsearched `json:"unsearched,omitempty"`
	// Examined is how many messages a search by criteria had to read, at least their
	// headers, because the server could not decide on them: see [Limits].
	Examined int `json:"examined,omitempty"`
}

// ReceiptItem is the result for one copy.
type ReceiptItem struct {
	Outcome Outcome
	// Operation identifies the item in quarantine permanently: see [driver.Stamp].
	Operation string
	Way       Way // empty if this run has carried nothing
	// Folder is the path of the folder it was taken from, as people see it. If Recover
	// finishes a restore of which only the result is left, it is the folder of that.
	Folder string
	// WasRead reports whether the user had read it.
	WasRead bool
	// Reach is what else the user had done with it when the search showed it: replied,
	// forwarded, flagged. It is zero in receipts of earlier versions, and where the mail
	// system does not provide it. For a message that was already in quarantine, it is
	// what the way of carrying has preserved: by MIME it is lost.
	Reach driver.Reach

	MessageID string
	Class     string
	Size      int64
	Received  time.Time
	// Digest is the SHA-256 of the content, in hexadecimal, if it was used to
	// compare original and copy: see [driver.Content.Digest].
	Digest string

	// From is where it was and To where it is now; To is zero if nothing was
	// carried.
	From, To Place

	// Err says why it was refused or failed; a [*Failure] when read from JSON.
	Err error
	// Residue describes what was left behind and could not be removed, and where
	// surplus copies are; empty if there is neither.
	Residue string
	// Surplus lists copies that nobody needs: ones that a server made late or twice,
	// or that do not match. They are never removed.
	Surplus []Surplus
}

// Surplus is a copy that nobody needs, and where it is: in the folder Surplus of the
// quarantine mailbox or, after a restore, in Deleted Items of the user's mailbox,
// unless it could not be put there.
type Surplus struct {
	Place
	Why string `json:"why"` // it is not needed
}

// surplusOf returns the receipt's entries for copies that nobody needs.
func (s *Service) surplusOf(asides []passage.Aside) (list []Surplus) {
	for _, a := range asides {
		list = append(list, Surplus{Place: s.place(a.Item), Why: a.Why})
	}
	return list
}

// finish completes the receipt of work that a meter has counted.
func (r *Receipt) finish(m *driver.Meter) {
	r.Finished, r.Cost = time.Now().UTC(), m.Cost()
}

// note adds a note, once.
func (r *Receipt) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, n) {
		r.Notes = append(r.Notes, n)
	}
}

// maxNear is how many messages with nearly the Message-ID that was asked for are named.
const maxNear = 10

// near notes the items that a search found besides those asked for.
func (r *Receipt) near(items []driver.Item) {
	told, more := make(map[[2]string]bool), 0
	for _, it := range items {
		what := [2]string{it.Folder.Path, it.MessageID}
		switch {
		case told[what]:
		case len(told) == maxNear:
			more++
		default:
			told[what] = true
			r.note("a message in %s has the Message-ID %s, which %s; it was left alone", it.Folder.Path, it.MessageID, nearHow(r.Target.MessageID, it.MessageID))
		}
	}
	if more > 0 {
		r.note("and %d more have nearly this Message-ID; they were left alone", more)
	}
}

// likeMessageID reports whether a text looks like a Message-ID as mail programs write it
// (RFC 5322, section 3.6.4).
func likeMessageID(text string) bool {
	left, right, ok := strings.Cut(driver.MeantMessageID(text), "@")
	return ok && left != "" && right != "" && !strings.ContainsFunc(left+right, unicode.IsSpace)
}

func nearHow(asked, id string) string {
	if strings.EqualFold(driver.MeantMessageID(asked), driver.MeantMessageID(id)) {
		return "differs only in the case of letters"
	}
	if !strings.Contains(strings.ToLower(id), strings.ToLower(driver.MeantMessageID(asked))) {
		return "is the same but for white space, quotes, comments or the form of letters"
	}
	return "has the one that was asked for beside something else"
}

// unlikeNear adds near matches to Unsearched if nothing else was found: the
// programs that reported an id may have changed it.
func (r *Receipt) unlikeNear(items []driver.Item) {
	if len(r.Items) > 0 {
		return
	}
	if id := r.Target.MessageID; id != "" && !likeMessageID(id) {
		r.note("%q does not look like a Message-ID, which has no blanks and nearly always an @: is it whole?", id)
	}
	if strings.Contains(driver.MeantMessageID(r.Target.MessageID), "<") {
		r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: "no message has what was asked for as its Message-ID, which is not one id: ask for each id alone"})
	}
	for i, it := range items {
		if i == maxNear {
			r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: fmt.Sprintf("%d more messages may be the one that was asked for", len(items)-i)})
			return
		}
		r.Unsearched = append(r.Unsearched, driver.Unsearched{Folder: it.Folder, Cause: CauseUndecided, Reason: fmt.Sprintf(
			"a message in it may be the one that was asked for: its Message-ID %s %s; ask for that if it is meant", it.MessageID, nearHow(r.Target.MessageID, it.MessageID))})
	}
}

// addOthers adds to an item what was found out about other copies with its stamp.
func (s *Service) addOthers(it *ReceiptItem, others passage.Result) {
	it.Surplus = append(it.Surplus, s.surplusOf(others.Asides)...)
	if others.Residue != "" {
		it.Residue = strings.TrimPrefix(it.Residue+"; "+others.Residue, "; ")
	}
}

// Failure is an error as stored in JSON.
type Failure struct {
	Message string `json:"message"`
	// Code is the server's error code, if it returned one.
	Code string `json:"code,omitempty"`
	// Transient means that the same call may succeed later.
	Transient bool `json:"transient,omitempty"`
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// wireItem is the JSON form of a ReceiptItem.
type wireItem struct {
	Outcome   Outcome      `json:"outcome"`
	Operation string       `json:"operation,omitempty"`
	Way       Way          `json:"way,omitempty"`
	Folder    string       `json:"folder,omitempty"`
	WasRead   bool         `json:"wasRead"`
	Reach     driver.Reach `json:"reach,omitzero"`
	MessageID string       `json:"messageId,omitempty"`
	Class     string       `json:"class,omitempty"`
	Size      int64        `json:"size,omitempty"`
	Received  time.Time    `json:"received,omitzero"`
	Digest    string       `json:"digest,omitempty"`
	From      Place        `json:"from,omitzero"`
	To        Place        `json:"to,omitzero"`
	Err       *Failure     `json:"error,omitempty"`
	Residue   string       `json:"residue,omitempty"`
	Surplus   []Surplus    `json:"surplus,omitempty"`
}

// MarshalJSON encodes the item. Err becomes its message, its code and whether
// it is transient.
func (it ReceiptItem) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireItem{
		Outcome:   it.Outcome,
		Operation: it.Operation,
		Way:       it.Way,
		Folder:    it.Folder,
		WasRead:   it.WasRead,
		Reach:     it.Reach,
		MessageID: it.MessageID,
		Class:     it.Class,
		Size:      it.Size,
		Received:  it.Received,
		Digest:    it.Digest,
		From:      it.From,
		To:        it.To,
		Err:       failureOf(it.Err),
		Residue:   it.Residue,
		Surplus:   it.Surplus,
	})
}

// UnmarshalJSON decodes what MarshalJSON wrote.
func (it *ReceiptItem) UnmarshalJSON(b []byte) error {
	var w wireItem
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*it = ReceiptItem{
		Outcome:   w.Outcome,
		Operation: w.Operation,
		Way:       w.Way,
		Folder:    w.Folder,
		WasRead:   w.WasRead,
		Reach:     w.Reach,
		MessageID: w.MessageID,
		Class:     w.Class,
		Size:      w.Size,
		Received:  w.Received,
		Digest:    w.Digest,
		From:      w.From,
		To:        w.To,
		Residue:   w.Residue,
		Surplus:   w.Surplus,
	}
	if w.Err != nil {
		it.Err = w.Err
	}
	return nil
}

// Outcome summarises the items: Failed if one failed, else Undecided, NotBegun or
// Refused, in that order, if one was, else what was done; NotFound if there are none. It
// is NotBegun if the receipt contains only what was asked, like one that comes with an
// error: the mailbox was not searched.
func (r *Receipt) Outcome() Outcome {
	sum := NotFound
	if r.Started.IsZero() && len(r.Items) == 0 {
		sum = NotBegun
	}
	rank := map[Outcome]int{NotFound: 0, Found: 1, AlreadyQuarantined: 2, AlreadyRestored: 2, Quarantined: 3, Restored: 3, Refused: 4, NotBegun: 5, Undecided: 6, Failed: 7}
	for _, it := range r.Items {
		if rank[it.Outcome] > rank[sum] {
			sum = it.Outcome
		}
	}
	return sum
}

// Err joins the errors of the items, of the folders that could not be searched completely,
// and of the messages that could not be examined. It is nil if everything was searched and
// everything found was dealt with; finding no message is not an error.
func (r *Receipt) Err() error {
	var errs []error
	for i, it := range r.Items {
		if it.Err != nil {
			errs = append(errs, fmt.Errorf("item %d in %q: %w", i, it.Folder, it.Err))
		}
	}
	for _, u := range r.Unsearched {
		of := ""
		if u.Mailbox != "" {
			of = " of " + u.Mailbox
		}
		switch {
		case u.Folder == (driver.Folder{}) && u.Mailbox != "":
			errs = append(errs, fmt.Errorf("the quarantine in %s was not searched completely: %s", u.Mailbox, u.Reason))
		case u.Folder == (driver.Folder{}):
			errs = append(errs, fmt.Errorf("the mailbox was not searched completely: %s", u.Reason))
		case u.Cause == CauseUndecided:
			errs = append(errs, fmt.Errorf("in folder %q%s, which was searched: %s", u.Folder.Path, of, u.Reason))
		default:
			errs = append(errs, fmt.Errorf("folder %q%s was not searched completely: %s", u.Folder.Path, of, u.Reason))
		}
	}
	return errors.Join(errs...)
}
