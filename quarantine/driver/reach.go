package driver

import (
	"strconv"
	"time"
)

// Answer is what the owner of a mailbox last did with a message, as mail programs record
// it on the message.
type Answer string

// Answers. A mail program records only the last one: an owner who replied and then
// forwarded has forwarded.
const (
	AnswerNone         Answer = ""
	AnswerReplied      Answer = "replied"
	AnswerRepliedToAll Answer = "repliedToAll"
	AnswerForwarded    Answer = "forwarded"
)

// FollowUp is the follow-up flag of a message.
type FollowUp string

// Follow-up flags.
const (
	FollowUpNone      FollowUp = ""
	FollowUpFlagged   FollowUp = "flagged"
	FollowUpCompleted FollowUp = "completed"
)

// Reach is how far a message got with its owner, as far as the mail system knows. It is
// what the owner's mail programs recorded on the message: if nothing is recorded, that
// does not prove that nobody answered it. Where the message was filed is its folder, and
// whether it was read is Read of [Item].
type Reach struct {
	Answer Answer `json:"answer,omitempty"`
	// AnsweredAt is the time of the answer, zero if the mail system does not provide it.
	AnsweredAt time.Time `json:"answeredAt,omitzero"`
	FollowUp   FollowUp  `json:"followUp,omitempty"`
}

// IsZero reports whether nothing is known.
func (r Reach) IsZero() bool { return r == Reach{} }

// ReachOf interprets MAPI properties in the form in which EWS and Graph return them:
// PidTagLastVerbExecuted (0x1081), PidTagLastVerbExecutionTime (0x1082) and
// PidTagFlagStatus (0x1090). A property that the item lacks is passed as the empty
// string. Invalid values count as nothing.
//
// See [MS-OXOMSG], sections 2.2.1.20 and 2.2.1.21, and [MS-OXOFLAG], section 2.2.1.1.
//
// [MS-OXOMSG]: https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxomsg
// [MS-OXOFLAG]: https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxoflag
func ReachOf(lastVerb, lastVerbTime, flagStatus string) Reach {
	var r Reach
	switch n, _ := strconv.Atoi(lastVerb); n {
	case 102:
		r.Answer = AnswerReplied
	case 103:
		r.Answer = AnswerRepliedToAll
	case 104:
		r.Answer = AnswerForwarded
	}
	if r.Answer != AnswerNone {
		if at, err := time.Parse(time.RFC3339, lastVerbTime); err == nil && at.Year() >= 1980 && at.Year() <= 9999 {
			r.AnsweredAt = at.UTC()
		}
	}
	switch n, _ := strconv.Atoi(flagStatus); n {
	case 1:
		r.FollowUp = FollowUpCompleted
	case 2:
		r.FollowUp = FollowUpFlagged
	}
	return r
}
