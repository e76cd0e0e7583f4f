package quarantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Outcome is what became of one copy of a message, or of a whole target.
type Outcome string

// Outcomes.
const (
	// Quarantined: the copy is in the quarantine mailbox, was read back there,
	// and is gone from the user's.
	Quarantined Outcome = "quarantined"
	// AlreadyQuarantined: an earlier run did it; nothing was changed.
	AlreadyQuarantined Outcome = "alreadyQuarantined"
	// Restored: the copy is back in the user's mailbox, was read back there,
	// and is gone from quarantine.
	Restored Outcome = "restored"
	// AlreadyRestored: it is not in quarantine, but in the user's mailbox.
	AlreadyRestored Outcome = "alreadyRestored"
	// Found: a dry run, or Find, would act on it. Nothing was changed.
	Found Outcome = "found"
	// NotFound: there is no such message where it was looked for.
	NotFound Outcome = "notFound"
	// Refused: the server, or the configuration, does not allow it. The message
	// is where it was.
	Refused Outcome = "refused"
	// Failed: it could not be finished. At least one whole copy exists; Err and
	// Residue say more. Running it again goes on from there.
	Failed Outcome = "failed"
)

// Done reports whether the outcome is one that was asked for.
func (o Outcome) Done() bool {
	switch o {
	case Quarantined, AlreadyQuarantined, Restored, AlreadyRestored, Found:
		return true
	}
	return false
}

// Place is where an item was at some time.
type Place struct {
	Mailbox string        `json:"mailbox"`
	Folder  driver.Folder `json:"folder"`
	// ItemID is the server's id, which changes with each move, by whomever.
	// Empty if the server did not say.
	ItemID string `json:"itemId,omitempty"`
}

// placeOf returns where the item is.
func placeOf(it driver.Item) Place {
	return Place{Mailbox: it.Mailbox, Folder: it.Folder, ItemID: it.ID}
}

// Receipt tells what was asked and what became of it. It is plain data:
// marshalled to JSON and back it is as good for a restore.
type Receipt struct {
	// Action is "quarantine", "restore" or "find".
	Action string `json:"action"`
	// Server is the name of the configuration, as [exchange.Config].Name has it.
	Server string `json:"server,omitempty"`
	Target Target `json:"target"`
	// Strategy is the name of the strategy.
	Strategy string `json:"strategy"`
	DryRun   bool   `json:"dryRun,omitempty"`

	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`

	// Items has one member for each copy found.
	Items []ReceiptItem `json:"items"`

	// Searched are the folders of the mailbox that were searched to their end.
	Searched []driver.Searched `json:"searched,omitempty"`
	// Unsearched are those that could not be, with the reason. A receipt that
	// has any is incomplete: there may be more copies.
	Unsearched []driver.Unsearched `json:"unsearched,omitempty"`
}

// ReceiptItem is what became of one copy.
type ReceiptItem struct {
	Outcome Outcome
	// Operation names the item in quarantine for good: see [driver.Stamp].
	Operation string
	Way       Way // empty if nothing was carried
	// Folder is the path of the folder it was taken from, for people.
	Folder string
	// WasRead is the read state it had for the user.
	WasRead bool

	MessageID string
	Class     string
	Size      int64
	Received  time.Time

	// From and To are where it was and where it is now; To is zero if nothing
	// was carried.
	From, To Place

	// Err is why it was refused or failed; a [*Failure] when read from JSON.
	Err error
	// Residue says what was left behind and could not be taken away, empty if
	// nothing was.
	Residue string
}

// Failure is an error that was written to JSON.
type Failure struct {
	Message string `json:"message"`
	// Code is the server's response code, if it gave one.
	Code string `json:"code,omitempty"`
	// Transient says that the same may succeed later.
	Transient bool `json:"transient,omitempty"`
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// wireItem is the JSON form of a ReceiptItem.
type wireItem struct {
	Outcome   Outcome   `json:"outcome"`
	Operation string    `json:"operation,omitempty"`
	Way       Way       `json:"way,omitempty"`
	Folder    string    `json:"folder,omitempty"`
	WasRead   bool      `json:"wasRead"`
	MessageID string    `json:"messageId,omitempty"`
	Class     string    `json:"class,omitempty"`
	Size      int64     `json:"size,omitempty"`
	Received  time.Time `json:"received,omitzero"`
	From      Place     `json:"from,omitzero"`
	To        Place     `json:"to,omitzero"`
	Err       *Failure  `json:"error,omitempty"`
	Residue   string    `json:"residue,omitempty"`
}

// MarshalJSON writes the item; Err becomes its message, code and whether it is
// transient.
func (it ReceiptItem) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireItem{
		Outcome:   it.Outcome,
		Operation: it.Operation,
		Way:       it.Way,
		Folder:    it.Folder,
		WasRead:   it.WasRead,
		MessageID: it.MessageID,
		Class:     it.Class,
		Size:      it.Size,
		Received:  it.Received,
		From:      it.From,
		To:        it.To,
		Err:       failureOf(it.Err),
		Residue:   it.Residue,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
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
		MessageID: w.MessageID,
		Class:     w.Class,
		Size:      w.Size,
		Received:  w.Received,
		From:      w.From,
		To:        w.To,
		Residue:   w.Residue,
	}
	if w.Err != nil {
		it.Err = w.Err
	}
	return nil
}

// Outcome sums up the items: Failed if one failed, else Refused if one was
// refused, else what was done; NotFound if there are none.
func (r *Receipt) Outcome() Outcome {
	sum := NotFound
	rank := map[Outcome]int{NotFound: 0, Found: 1, AlreadyQuarantined: 2, AlreadyRestored: 2, Quarantined: 3, Restored: 3, Refused: 4, Failed: 5}
	for _, it := range r.Items {
		if rank[it.Outcome] > rank[sum] {
			sum = it.Outcome
		}
	}
	return sum
}

// Err joins the errors of the items and of the folders that could not be
// searched. It is nil if everything found was done and everything was searched;
// a message that is not there is no error.
func (r *Receipt) Err() error {
	var errs []error
	for i, it := range r.Items {
		if it.Err != nil {
			errs = append(errs, fmt.Errorf("item %d in %q: %w", i, it.Folder, it.Err))
		}
	}
	for _, u := range r.Unsearched {
		errs = append(errs, fmt.Errorf("folder %q was not searched: %s", u.Folder.Path, u.Reason))
	}
	return errors.Join(errs...)
}
