package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// reminderFields are the properties of reminders ([MS-OXORMDR] 2.2.1), by the name
// of the element.
var reminderFields = map[string]ews.ExtendedField{
	"ReminderIsSet":              mailstore.PropReminderSet,
	"ReminderDueBy":              mailstore.PropReminderTime,
	"ReminderMinutesBeforeStart": mailstore.PropReminderDelta,
}

// remind sets a property of the reminder.
func (u *update) remind(v *ewsschema.Node) *refusal {
	f := reminderFields[v.Local]
	value, refused := canonical(f.Type, v.Text)
	if refused != nil {
		return refuse("ErrorInvalidValueForProperty")
	}
	u.set = append(u.set, ews.ExtendedProperty{Field: f, Value: value})
	return nil
}

// reminder writes a property of the reminder. An item without one has
// ReminderIsSet false.
func (w *itemWriter) reminder(name string) {
	f := reminderFields[name]
	p, ok := w.it.Properties()[f]
	switch {
	case f.Type == ews.TypeBoolean:
		w.Bool("t:"+name, ok && p.Value == "true")
	case ok && f.Type == ews.TypeSystemTime:
		w.Leaf("t:"+name, w.when(p.Value))
	case ok:
		w.Leaf("t:"+name, p.Value)
	}
}
