package mailstore

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var importances = []string{"Low", "Normal", "High"}
var sensitivities = []string{"Normal", "Personal", "Private", "Confidential"}

func enumerated(field ews.ExtendedField, names []string, name string) (ews.ExtendedProperty, bool) {
	for i, n := range names {
		if strings.EqualFold(n, name) {
			return ews.ExtendedProperty{Field: field, Value: strconv.Itoa(i)}, true
		}
	}
	return ews.ExtendedProperty{}, false
}

func nameOf(names []string, n int64, def string) string {
	if n < 0 || n >= int64(len(names)) {
		return def
	}
	return names[n]
}

// Importance returns the property for a name such as High, and whether the name is valid.
func Importance(name string) (ews.ExtendedProperty, bool) {
	return enumerated(TagImportance, importances, name)
}

// Sensitivity returns the property for a name such as Private, and whether the name is
// valid.
func Sensitivity(name string) (ews.ExtendedProperty, bool) {
	return enumerated(TagSensitivity, sensitivities, name)
}

// Importance returns the name of the item's importance.
func (it *Item) Importance() string {
	return nameOf(importances, it.Properties().Int(TagImportance), "Normal")
}

// Sensitivity returns the name of the item's sensitivity.
func (it *Item) Sensitivity() string {
	return nameOf(sensitivities, it.Properties().Int(TagSensitivity), "Normal")
}

// Categories returns the property for categories.
func Categories(all []string) ews.ExtendedProperty {
	return ews.ExtendedProperty{Field: PropKeywords, Values: append([]string(nil), all...)}
}

// ReadState returns the message flags of an item with a new read state.
func ReadState(it *Item, read bool) ews.ExtendedProperty {
	flags := it.flags() &^ FlagRead
	if read {
		flags |= FlagRead
	}
	return ews.ExtendedProperty{Field: TagFlags, Value: strconv.FormatInt(flags, 10)}
}

// FlagProperties returns the properties to set and to remove for a follow-up flag. There
// are none for an empty status.
func FlagProperties(f ews.Flag) (set []ews.ExtendedProperty, remove []ews.ExtendedField) {
	b := builder{}
	switch f.Status {
	case "NotFlagged":
		return nil, []ews.ExtendedField{TagFlagStatus, TagFlagComplete, PropFlagStart, PropFlagDue}
	case "Complete":
		b.int(TagFlagStatus, 1)
		remove = []ews.ExtendedField{PropFlagStart, PropFlagDue}
		if !f.Complete.IsZero() {
			b.time(TagFlagComplete, f.Complete)
		}
	case "Flagged":
		b.int(TagFlagStatus, 2)
		remove = []ews.ExtendedField{TagFlagComplete}
		if !f.Start.IsZero() {
			b.time(PropFlagStart, f.Start)
		}
		if !f.Due.IsZero() {
			b.time(PropFlagDue, f.Due)
		}
	}
	for _, k := range Properties(b).Keys() {
		set = append(set, b[k])
	}
	return set, remove
}

// Flag returns the follow-up flag of the item.
func (it *Item) Flag() ews.Flag {
	p := it.Properties()
	switch p.Int(TagFlagStatus) {
	case 1:
		return ews.Flag{Status: "Complete", Complete: p.Time(TagFlagComplete)}
	case 2:
		return ews.Flag{Status: "Flagged", Start: p.Time(PropFlagStart), Due: p.Time(PropFlagDue)}
	}
	return ews.Flag{Status: "NotFlagged"}
}

// WithReadState returns the message flags of a new item with a read state. The other flags
// are taken from the given properties, or else are those of a draft.
func WithReadState(set []ews.ExtendedProperty, read bool) ews.ExtendedProperty {
	flags := int64(FlagUnsent)
	for _, p := range set {
		if Key(p.Field) == TagFlags {
			flags, _ = strconv.ParseInt(p.Value, 10, 64)
		}
	}
	flags &^= FlagRead
	if read {
		flags |= FlagRead
	}
	return ews.ExtendedProperty{Field: TagFlags, Value: strconv.FormatInt(flags, 10)}
}
