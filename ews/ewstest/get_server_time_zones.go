package ewstest

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// getServerTimeZones returns the zones that a request names, in its order, or all of
// them. Unknown ids are omitted. Ids ignore case, as in the Windows registry. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getservertimezones-operation.
func getServerTimeZones(c *call) *refusal {
	whole := c.op.AttrBool("ReturnFullTimeZoneData", true)
	c.out.extra = func() { c.out.Leaf("m:TimeZoneDefinitions", "") }
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		zones := timeZones
		if asked := n.Child("Ids"); asked.Exists() {
			zones = zonesOf(asked.Kids())
		}
		return func() {
			c.out.Open("m:TimeZoneDefinitions")
			for _, z := range zones {
				c.out.writeZone(z, whole)
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// zonesOf returns the zones that have an id, each one once.
func zonesOf(ids []*ewsschema.Node) (zones []timeZone) {
	given := make(map[string]bool)
	for _, n := range ids {
		id := strings.ToLower(strings.TrimSpace(n.Text))
		if given[id] {
			continue
		}
		given[id] = true
		for _, z := range timeZones {
			if strings.EqualFold(z.id, id) {
				zones = append(zones, z)
			}
		}
	}
	return zones
}

// timeZone is a zone of Windows: its standard time, and when daylight saving time
// begins and ends there.
type timeZone struct {
	id, name string
	minutes  int       // east of UTC
	daylight *daylight // nil: none
}

// daylight is how clocks change each year. All clocks go forward by one hour.
type daylight struct{ begins, ends change }

// change is the weekday of a month on which clocks change, and the time of day, in the
// time that then ends.
type change struct {
	month, occurrence int // occurrence -1: the last
	weekday           string
	offset            int // minutes from the start of the day
}

// bias returns the offset from a local time to UTC, as a duration.
func bias(minutesEast int) string {
	sign, m := "", -minutesEast
	if m < 0 {
		sign, m = "-", -m
	}
	return sign + durationOf(m)
}

func durationOf(minutes int) string {
	s := "PT"
	if minutes >= 60 {
		s += strconv.Itoa(minutes/60) + "H"
	}
	if minutes%60 > 0 || minutes == 0 {
		s += strconv.Itoa(minutes%60) + "M"
	}
	return s
}

// writeZone writes a zone, whole or only its id and name.
func (e *encoder) writeZone(z timeZone, whole bool) {
	e.Open("t:TimeZoneDefinition")
	defer e.Close()
	e.Attr("Id", z.id)
	e.Attr("Name", z.name)
	if !whole {
		return
	}
	period := func(name string, minutes int) (id string) {
		id = "trule:Microsoft/Registry/" + z.id + "/1-" + name
		e.Open("t:Period")
		e.Attr("Bias", bias(minutes))
		e.Attr("Name", name)
		e.Attr("Id", id)
		e.Close()
		return id
	}
	e.Open("t:Periods")
	standard, daylight := period("Standard", z.minutes), ""
	if z.daylight != nil {
		daylight = period("Daylight", z.minutes+60)
	}
	e.Close()
	to := func(kind, target string) {
		e.Open("t:To")
		e.Attr("Kind", kind)
		e.Text(target)
		e.Close()
	}
	e.Open("t:TransitionsGroups")
	e.Open("t:TransitionsGroup")
	e.Attr("Id", "0")
	if z.daylight == nil {
		e.Open("t:Transition")
		to("Period", standard)
		e.Close()
	} else {
		changes := []change{z.daylight.begins, z.daylight.ends}
		for i, target := range []string{daylight, standard} {
			e.Open("t:RecurringDayTransition")
			to("Period", target)
			e.Leaf("t:TimeOffset", durationOf(changes[i].offset))
			e.Int("t:Month", int64(changes[i].month))
			e.Leaf("t:DayOfWeek", changes[i].weekday)
			e.Int("t:Occurrence", int64(changes[i].occurrence))
			e.Close()
		}
	}
	e.Close()
	e.Close()
	e.Open("t:Transitions")
	e.Open("t:Transition")
	to("Group", "0")
	e.Close()
	e.Close()
}
