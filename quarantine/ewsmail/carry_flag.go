package ewsmail

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Properties of the follow-up flag, named after [MS-OXOFLAG].
var (
	pidTagFlagStatus       = ews.ExtendedField{Tag: 0x1090, Type: ews.TypeInteger}
	pidTagFlagCompleteTime = ews.ExtendedField{Tag: 0x1091, Type: ews.TypeSystemTime}
	pidLidTaskStartDate    = ews.ExtendedField{Set: ews.SetTask, ID: 0x8104, Type: ews.TypeSystemTime}
	pidLidTaskDueDate      = ews.ExtendedField{Set: ews.SetTask, ID: 0x8105, Type: ews.TypeSystemTime}
)

// flagFields are the properties of the flag for servers before Exchange 2013,
// which do not know the element Flag.
var flagFields = append([]ews.ExtendedField{pidTagFlagStatus, pidTagFlagCompleteTime}, flagDates...)

// flagDates are the dates of a flag; the element Flag may omit a date that is set without
// the other.
var flagDates = []ews.ExtendedField{pidLidTaskStartDate, pidLidTaskDueDate}

// flagOf returns the flag of an item as CreateItem accepts it, and properties for
// what it does not accept: StartDate and DueDate are valid only as a pair, and
// CompleteDate only in a completed flag. Users can set one date alone.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/flag.
func flagOf(raw ews.Item) (flag ews.Flag, properties []ews.ExtendedProperty) {
	flag = ews.Flag{Status: raw.Flag.Status}
	switch flag.Status {
	case "":
		for _, f := range flagFields {
			if p, ok := raw.Property(f); ok {
				properties = append(properties, p)
			}
		}
	case "Complete":
		flag.Complete = raw.Flag.Complete
	case "Flagged":
		if !raw.Flag.Start.IsZero() && !raw.Flag.Due.IsZero() {
			flag.Start, flag.Due = raw.Flag.Start, raw.Flag.Due
			break
		}
		for _, f := range flagDates {
			if p, ok := raw.Property(f); ok {
				properties = append(properties, p)
			}
		}
	}
	return flag, properties
}
