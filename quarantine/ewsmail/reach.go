package ewsmail

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Properties of the owner's last action on a message, named after [MS-OXOMSG]. Searches
// ask for them along with the others, because the MIME form of a message lacks them.
var (
	pidTagLastVerbExecuted      = ews.ExtendedField{Tag: 0x1081, Type: ews.TypeInteger}
	pidTagLastVerbExecutionTime = ews.ExtendedField{Tag: 0x1082, Type: ews.TypeSystemTime}
)

// reachOf returns how far a message got with its owner.
func reachOf(raw ews.Item) driver.Reach {
	value := func(f ews.ExtendedField) string {
		p, _ := raw.Property(f)
		return p.Value
	}
	return driver.ReachOf(value(pidTagLastVerbExecuted), value(pidTagLastVerbExecutionTime), value(pidTagFlagStatus))
}
