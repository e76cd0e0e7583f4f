package understood

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Report is the content of a report of suspicious mail. It is plain data, and its JSON
// names are stable.
type Report struct {
	// By is who reported it: From of the report, or the person whom a button names in it.
	// Via is From if that is somebody else, such as the button's service.
	By  Address `json:"by"`
	Via Address `json:"via,omitzero"`
	// At is when it was reported: the time in the first Received field or, without one, in
	// Date; zero if neither can be read.
	At time.Time `json:"at,omitzero"`
	// Subject and MessageID are those of the report itself.
	Subject   string `json:"subject"`
	MessageID string `json:"messageId,omitempty"`

	// Messages are the messages that it is about, the most certain first; empty if none was
	// recognised.
	Messages []Message `json:"messages"`
	// Incomplete describes, for people, what could not be read or understood; empty if
	// everything was.
	Incomplete []string `json:"incomplete,omitempty"`
}

// Form is how a report names a message.
type Form string

// Forms.
const (
	FormAttached Form = "attached" // as message/rfc822
	FormFile     Form = "file"     // as a file, such as .eml
	FormHeaders  Form = "headers"  // its header, without its content
	FormButton   Form = "button"   // an id that an add-in wrote
	FormQuoted   Form = "quoted"   // headers that a mail program quoted in the text
	FormOpaque   Form = "opaque"   // in a container that is not opened: TNEF, .msg, an archive
)

// Confidence is how certain it is that a message is meant and correctly described.
type Confidence string

// Confidences.
const (
	High   Confidence = "high"   // the message, or its header, with a Message-ID
	Medium Confidence = "medium" // an id of a button, or several in one field; or sender, subject and date
	Low    Confidence = "low"    // less than that, one of several ids, or it may be part of another message
)

// Address is a person in a header field. Both parts are as written.
type Address struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Link is a link in a message. An attacker wrote it.
type Link struct {
	URL string `json:"url"` // as it stood
	// Target is where it leads, if it belongs to a link-protection service whose links can
	// be decoded; only the root of the host if DomainOnly is set.
	Target     string `json:"target,omitempty"`
	DomainOnly bool   `json:"domainOnly,omitempty"`
}

// Attachment is a file or message in a message.
type Attachment struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`   // media type as declared, lower case
	Size   int64  `json:"size"`   // in bytes, decoded
	SHA256 string `json:"sha256"` // of the content, in hexadecimal
}

// Authentication is what a server found out about the origin of a message. Fields that
// arrived with the message may be forged; the first ones were added last.
type Authentication struct {
	Field  string `json:"field"`            // such as Authentication-Results
	Server string `json:"server,omitempty"` // that found it out; Exchange Online leaves it out
	Method string `json:"method"`           // such as spf, dkim, dmarc, compauth; lower case
	Result string `json:"result"`           // such as pass, fail; lower case
	Domain string `json:"domain,omitempty"` // that was checked
}

// Message is a message that a report is about.
type Message struct {
	Form       Form       `json:"form"`
	Confidence Confidence `json:"confidence"`

	// MessageID is as written, with its angle brackets and without comments around it;
	// empty if it is not known.
	MessageID string `json:"messageId,omitempty"`
	// NetworkMessageID is the id that Exchange gives the message in all mailboxes, for
	// message traces.
	NetworkMessageID string    `json:"networkMessageId,omitempty"`
	From             []Address `json:"from,omitempty"`
	To               []Address `json:"to,omitempty"` // and Cc, and everyone else known to have received it
	Subject          string    `json:"subject,omitempty"`
	// Sent is the time in its Date field, where an attacker may have written anything.
	// SentAbout means that it is quoted without a time zone, and may be off by 14 hours.
	Sent      time.Time `json:"sent,omitzero"`
	SentAbout bool      `json:"sentAbout,omitempty"`
	// Received is the time in its first Received field.
	Received time.Time `json:"received,omitzero"`
	// InReplyTo is the message that a report with quoted headers answers. Mail programs
	// write the Message-ID of the forwarded message there, but also that of another one.
	InReplyTo string `json:"inReplyTo,omitempty"`

	Links          []Link           `json:"links,omitempty"`
	Attachments    []Attachment     `json:"attachments,omitempty"`
	Authentication []Authentication `json:"authentication,omitempty"`

	// Name, Size and SHA256 describe the message as it was attached, which is how the
	// reporter's server writes it.
	Name   string `json:"name,omitempty"`
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Opaque is what hides its content; empty if nothing does.
	Opaque string `json:"opaque,omitempty"`
	// Within are messages that were attached to it; they were not reported.
	Within []Message `json:"within,omitempty"`

	// Criteria describe the message if its Message-ID is not known; zero if too little is
	// known for a search.
	Criteria quarantine.Criteria `json:"criteria,omitzero"`
}
