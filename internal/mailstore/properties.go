package mailstore

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Properties are MAPI properties by normalised name; see [Key].
type Properties map[ews.ExtendedField]ews.ExtendedProperty

// MAPI properties that the store itself uses, named after MS-OXPROPS.
var (
	TagClass              = tag(0x001A, ews.TypeString)
	TagImportance         = tag(0x0017, ews.TypeInteger)
	TagDeliveryReport     = tag(0x0023, ews.TypeBoolean)
	TagReadReceipt        = tag(0x0029, ews.TypeBoolean)
	TagSensitivity        = tag(0x0036, ews.TypeInteger)
	TagSubject            = tag(0x0037, ews.TypeString)
	TagSubmitTime         = ews.PidTagClientSubmitTime
	TagFromName           = tag(0x0042, ews.TypeString)
	TagFromType           = tag(0x0064, ews.TypeString)
	TagFromAddress        = tag(0x0065, ews.TypeString)
	TagTopic              = tag(0x0070, ews.TypeString)
	TagConversationIndex  = tag(0x0071, ews.TypeBinary)
	TagHeaders            = ews.PidTagTransportMessageHeaders
	TagReplyRequested     = tag(0x0C17, ews.TypeBoolean)
	TagNonReceipt         = tag(0x0C06, ews.TypeBoolean)
	TagSenderName         = tag(0x0C1A, ews.TypeString)
	TagSenderType         = tag(0x0C1E, ews.TypeString)
	TagSenderAddress      = tag(0x0C1F, ews.TypeString)
	TagDisplayBcc         = tag(0x0E02, ews.TypeString)
	TagDisplayCc          = tag(0x0E03, ews.TypeString)
	TagDisplayTo          = tag(0x0E04, ews.TypeString)
	TagDeliveryTime       = ews.PidTagMessageDeliveryTime
	TagFlags              = ews.PidTagMessageFlags
	TagSize               = tag(0x0E08, ews.TypeInteger)
	TagSizeExtended       = tag(0x0E08, ews.TypeLong)
	TagParentEntryID      = tag(0x0E09, ews.TypeBinary)
	TagHasAttachments     = tag(0x0E1B, ews.TypeBoolean)
	TagArticleNumber      = tag(0x0E23, ews.TypeInteger) // PidTagInternetArticleNumber
	TagEntryID            = tag(0x0FFF, ews.TypeBinary)
	TagBody               = tag(0x1000, ews.TypeString)
	TagMessageID          = ews.PidTagInternetMessageID
	TagReferences         = tag(0x1039, ews.TypeString)
	TagInReplyTo          = tag(0x1042, ews.TypeString)
	TagFlagStatus         = tag(0x1090, ews.TypeInteger)
	TagFlagComplete       = tag(0x1091, ews.TypeSystemTime)
	TagDisplayName        = tag(0x3001, ews.TypeString)
	TagCreated            = tag(0x3007, ews.TypeSystemTime)
	TagRetentionDate      = tag(0x301C, ews.TypeSystemTime)
	TagModified           = tag(0x3008, ews.TypeSystemTime)
	TagSearchKey          = ews.PidTagSearchKey
	TagLastParent         = tag(0x348A, ews.TypeBinary) // PidTagLastActiveParentEntryId
	TagFolderType         = ews.PidTagFolderType
	TagLocale             = tag(0x3FF1, ews.TypeInteger) // PidTagMessageLocaleId
	TagContentCount       = tag(0x3602, ews.TypeInteger)
	TagUnreadCount        = tag(0x3603, ews.TypeInteger)
	TagSubfolders         = tag(0x360A, ews.TypeBoolean)
	TagAssociatedCount    = tag(0x3617, ews.TypeInteger)
	TagFolderChildCount   = tag(0x6638, ews.TypeInteger)
	TagContainerClass     = tag(0x3613, ews.TypeString)
	TagHidden             = ews.PidTagAttributeHidden
	TagSenderSMTP         = ews.PidTagSenderSMTPAddress
	TagFromSMTP           = tag(0x5D02, ews.TypeString)
	TagPath               = ews.PidTagFolderPathFullName
	PropKeywords          = ews.ExtendedField{Set: ews.SetPublicStrings, Name: "Keywords", Type: ews.TypeStringArray}
	PropFlagStart         = ews.ExtendedField{Set: ews.SetTask, ID: 0x8104, Type: ews.TypeSystemTime}
	PropFlagDue           = ews.ExtendedField{Set: ews.SetTask, ID: 0x8105, Type: ews.TypeSystemTime}
	PropReminderDelta     = ews.ExtendedField{Set: ews.SetCommon, ID: 0x8501, Type: ews.TypeInteger} // minutes
	PropReminderTime      = ews.ExtendedField{Set: ews.SetCommon, ID: 0x8502, Type: ews.TypeSystemTime}
	PropReminderSignal    = ews.ExtendedField{Set: ews.SetCommon, ID: 0x8560, Type: ews.TypeSystemTime} // when to remind next
	PropReminderSet       = ews.ExtendedField{Set: ews.SetCommon, ID: 0x8503, Type: ews.TypeBoolean}
	PropStart             = ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820D, Type: ews.TypeSystemTime}
	PropEnd               = ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820E, Type: ews.TypeSystemTime}
	PropAssociatedMeeting = ews.ExtendedField{Set: ews.SetMeeting, ID: 0x0003, Type: ews.TypeBinary}
)

func tag(n uint16, t ews.PropertyType) ews.ExtendedField { return ews.ExtendedField{Tag: n, Type: t} }

// Bits of PidTagMessageFlags.
const (
	FlagRead          = 0x1
	FlagUnmodified    = 0x2
	FlagSubmitted     = 0x4
	FlagUnsent        = 0x8
	FlagHasAttachment = 0x10
	FlagReadPending   = 0x100 // send a receipt when read
	FlagUnreadPending = 0x200 // send a notice if deleted unread
)

// sets maps GUIDs to the distinguished property sets.
var sets = map[string]ews.PropertySet{
	"00062008-0000-0000-c000-000000000046": ews.SetCommon,
	"00020329-0000-0000-c000-000000000046": ews.SetPublicStrings,
	"00020386-0000-0000-c000-000000000046": ews.SetInternetHeaders,
	"00062004-0000-0000-c000-000000000046": ews.SetAddress,
	"00062002-0000-0000-c000-000000000046": ews.SetAppointment,
	"6ed8da90-450b-101b-98da-00aa003f1305": ews.SetMeeting,
	"00062003-0000-0000-c000-000000000046": ews.SetTask,
	"00062040-0000-0000-c000-000000000046": ews.SetSharing,
}

// Key returns the normalised name under which a property is stored: with the distinguished
// name of its property set if it has one, and with the names of internet headers in lower
// case, as in MAPI.
func Key(f ews.ExtendedField) ews.ExtendedField {
	if f.GUID != "" {
		f.GUID = strings.ToLower(f.GUID)
		if set, ok := sets[f.GUID]; ok {
			f.Set, f.GUID = set, ""
		}
	}
	if f.Set == ews.SetInternetHeaders {
		f.Name = strings.ToLower(f.Name)
	}
	return f
}

// Text returns the text of a property, or "" if it is not set.
func (p Properties) Text(f ews.ExtendedField) string { return p[f].Value }

// Int returns a number, or 0 if it is not set.
func (p Properties) Int(f ews.ExtendedField) int64 {
	n, _ := strconv.ParseInt(p[f].Value, 10, 64)
	return n
}

// Bool returns a Boolean, or false if it is not set.
func (p Properties) Bool(f ews.ExtendedField) bool { return p[f].Value == "true" }

// Time returns a time, or the zero time if it is not set.
func (p Properties) Time(f ews.ExtendedField) time.Time {
	t, _ := ParseTime(p[f].Value)
	return t
}

// ParseTime parses the text form of a time. In UTC, its year must be from 1 to 9999.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", s)
	}
	if err == nil && !dated(t) {
		err = errUndated
	}
	return t.UTC(), err
}

// dated reports whether the protocol, whose years have four digits, can express a time.
func dated(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}

var errUndated = errors.New("the year has not four digits")

// builder collects properties.
type builder Properties

func (b builder) text(f ews.ExtendedField, v string) {
	b[f] = ews.ExtendedProperty{Field: f, Value: v}
}

// some sets a text if it is not empty.
func (b builder) some(f ews.ExtendedField, v string) {
	if v != "" {
		b.text(f, v)
	}
}

func (b builder) int(f ews.ExtendedField, v int64)      { b.text(f, strconv.FormatInt(v, 10)) }
func (b builder) bool(f ews.ExtendedField, v bool)      { b.text(f, strconv.FormatBool(v)) }
func (b builder) time(f ews.ExtendedField, t time.Time) { b.text(f, ews.FormatTime(t)) }

// With returns a copy of the properties with some set and some removed.
func (p Properties) With(set []ews.ExtendedProperty, remove ...ews.ExtendedField) Properties {
	q := maps.Clone(p)
	if q == nil {
		q = make(Properties)
	}
	for _, f := range remove {
		delete(q, Key(f))
	}
	for _, v := range set {
		q[Key(v.Field)] = v
	}
	return q
}

// size returns the size of the properties in bytes; times and numbers have a
// fixed width.
func (p Properties) size() int64 {
	n := 0
	for k, v := range p {
		if k.Tag != 0 && (k.Type == ews.TypeSystemTime || k.Type == ews.TypeInteger || k.Type == ews.TypeBoolean) {
			n += 8
			continue
		}
		n += len(k.Name) + len(v.Value)
		for _, s := range v.Values {
			n += len(s)
		}
	}
	return int64(n)
}

// Keys returns the names of the properties in a stable order.
func (p Properties) Keys() []ews.ExtendedField {
	keys := slices.Collect(maps.Keys(p))
	slices.SortFunc(keys, func(a, b ews.ExtendedField) int {
		return cmp.Or(
			cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Set, b.Set), cmp.Compare(a.GUID, b.GUID),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Type, b.Type))
	})
	return keys
}
