package ewstest

import (
	"regexp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// utc are the ids of time zones that are UTC.
var utc = map[string]bool{"utc": true, "etc/utc": true, "tzone://microsoft/utc": true}

// floating is a time that has neither Z nor an offset.
var floating = regexp.MustCompile(`^\s*-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\s*$`)

// misplaced refuses a request with times in the zone of its TimeZoneContext. ewstest
// supports only UTC, which answers use on real servers as well; times with an offset are
// the same in all zones. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/timezonecontext.
func misplaced(r *ewsschema.Request) *refusal {
	zone := r.Header.Child("TimeZoneContext").Child("TimeZoneDefinition")
	if !zone.Exists() || utc[strings.ToLower(zone.Get("Id"))] {
		return nil
	}
	if at := floatingTime(r.Operation); at != "" {
		return refuseText("ErrorInvalidOperation", "ewstest knows no time zone but UTC: with another TimeZoneContext, "+at+" needs a time with Z or an offset.")
	}
	return nil
}

// written are the elements whose content is text, whatever it looks like.
var written = map[string]bool{"Subject": true, "Body": true, "Name": true, "DisplayName": true, "String": true, "Content": true, "MimeContent": true}

// floatingTime returns the name of an element or attribute with such a time, or an empty
// string if the request has none.
func floatingTime(n *ewsschema.Node) string {
	if !written[n.Local] && floating.MatchString(n.Text) {
		return n.Local
	}
	for _, name := range []string{"Value", "StartDate", "EndDate"} {
		if v, ok := n.Attr(name); ok && floating.MatchString(v) {
			return name
		}
	}
	for _, k := range n.Kids() {
		if name := floatingTime(k); name != "" {
			return name
		}
	}
	return ""
}
