package ewstest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// through returns the items that a calendar or contacts view shows, in its order. Other
// views show all items.
func through(f *mailstore.Folder, all []*mailstore.Item, op, view *ewsschema.Node) ([]*mailstore.Item, *refusal) {
	if !view.Exists() {
		return all, nil
	}
	switch view.Local {
	case "SeekToConditionPageItemView":
		if folderKind(f) == "CalendarFolder" {
			return nil, refuse("ErrorCalendarSeekToConditionNotSupported")
		}
	case "CalendarView":
		return inCalendar(f, all, op, view)
	case "ContactsView":
		return inContacts(all, view), nil
	}
	return all, nil
}

// The beginning and end of an appointment ([MS-OXOCAL], sections 2.2.1.5 and 2.2.1.6).
var (
	appointmentStart = ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820D, Type: ews.TypeSystemTime}
	appointmentEnd   = ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820E, Type: ews.TypeSystemTime}
)

// maxCalendarYears is the longest period that a calendar view may show.
const maxCalendarYears = 2

// inCalendar returns the appointments that a view shows: those that begin before its end
// and do not end before its beginning, ordered by these times. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/calendarview.
func inCalendar(f *mailstore.Folder, all []*mailstore.Item, op, view *ewsschema.Node) ([]*mailstore.Item, *refusal) {
	from, errFrom := mailstore.ParseTime(strings.TrimSpace(view.Get("StartDate")))
	to, errTo := mailstore.ParseTime(strings.TrimSpace(view.Get("EndDate")))
	switch {
	case errFrom != nil || errTo != nil:
		return nil, refuse("ErrorInvalidValueForProperty")
	case outOfRange(from), outOfRange(to):
		return nil, refuse("ErrorValueOutOfRange")
	case folderKind(f) != "CalendarFolder":
		return nil, refuse("ErrorCalendarFolderIsInvalidForCalendarView")
	case to.Before(from):
		return nil, refuse("ErrorCalendarEndDateIsEarlierThanStartDate")
	case to.After(from.AddDate(maxCalendarYears, 0, 0)):
		return nil, refuse("ErrorCalendarViewRangeTooBig")
	}
	for _, name := range []string{"Restriction", "SortOrder", "GroupBy", "DistinguishedGroupBy", "QueryString"} {
		if op.Child(name).Exists() {
			return nil, refuseText("ErrorInvalidOperation", "A CalendarView excludes "+name+".")
		}
	}
	start := func(it *mailstore.Item) time.Time { return it.Properties().Time(appointmentStart) }
	var shown []*mailstore.Item
	for _, it := range all {
		begins, ok := it.Properties()[appointmentStart]
		if !ok || begins.Value == "" || it.Kind() != "CalendarItem" {
			continue
		}
		end := start(it)
		if t := it.Properties().Time(appointmentEnd); t.After(end) {
			end = t
		}
		if start(it).Before(to) && !end.Before(from) {
			shown = append(shown, it)
		}
	}
	slices.SortStableFunc(shown, func(a, b *mailstore.Item) int { return start(a).Compare(start(b)) })
	return shown, nil
}

// outOfRange reports whether a time is, to the second, the earliest or the latest that
// .NET can represent.
func outOfRange(at time.Time) bool {
	at = at.UTC().Truncate(time.Second)
	return at.Equal(time.Time{}) || at.Equal(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
}

// inContacts returns the contacts and lists whose display names lie between two names,
// inclusive, in the order of the names. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/contactsview.
func inContacts(all []*mailstore.Item, view *ewsschema.Node) []*mailstore.Item {
	first, hasFirst := view.Attr("InitialName")
	last, hasLast := view.Attr("FinalName")
	var shown []*mailstore.Item
	for _, it := range all {
		kind, name := it.Kind(), displayName(it)
		if kind != "Contact" && kind != "DistributionList" ||
			hasFirst && compareNames(name, first) < 0 || hasLast && compareNames(name, last) > 0 {
			continue
		}
		shown = append(shown, it)
	}
	slices.SortStableFunc(shown, func(a, b *mailstore.Item) int { return compareNames(displayName(a), displayName(b)) })
	return shown
}

// displayName returns the name of a contact: its subject if it has no display name.
func displayName(it *mailstore.Item) string {
	return cmp.Or(it.Properties().Text(mailstore.TagDisplayName), it.Properties().Text(mailstore.TagSubject))
}

// compareNames orders names as a contact list does: lower case comes before upper case if
// all else is equal.
func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(b, a))
}
