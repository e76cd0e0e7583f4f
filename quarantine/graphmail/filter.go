package graphmail

import (
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// filterOf returns the $filter for a query, or "" if the query needs no filter.
func filterOf(q driver.Query) string {
	var all []string
	if q.MessageID != "" {
		var spelled []string
		for _, id := range driver.MessageIDSpellings(q.MessageID) {
			spelled = append(spelled, "internetMessageId eq "+graph.Quote(id))
		}
		all = append(all, either(spelled))
	}
	if !q.Received.IsZero() {
		from := q.Received.Truncate(time.Second)
		all = append(all, "receivedDateTime ge "+graph.Instant(from), "receivedDateTime lt "+graph.Instant(from.Add(time.Second)))
	}
	if q.Operation != "" {
		all = append(all, graph.HasProperty(stampOperation, "eq "+graph.Quote(q.Operation)))
	}
	if q.Origin != "" {
		all = append(all, graph.HasProperty(stampMailbox, "eq "+graph.Quote(strings.ToLower(q.Origin))))
	}
	if q.Stamped {
		all = append(all, graph.HasProperty(stampOperation, "ne null"))
	}
	return strings.Join(all, " and ")
}

// either joins conditions, at least one of which must hold.
func either(conditions []string) string {
	if len(conditions) == 1 {
		return conditions[0]
	}
	return "(" + strings.Join(conditions, " or ") + ")"
}

// looseFilter returns a filter that finds a Message-ID in any spelling, for a query that
// has found nothing, or "" if the query cannot have one. A sender or a server on the way
// may have added what no other spelling contains.
func looseFilter(q driver.Query) string {
	if q.MessageID == "" || q.Operation != "" || q.Stamped {
		return ""
	}
	var ids []string
	bare, meant := driver.BareMessageID(q.MessageID), driver.MeantMessageID(q.MessageID)
	ids = append(ids, piecesOf(bare))
	if meant != bare && meant != "" {
		ids = append(ids, piecesOf(meant))
	}
	all := []string{either(ids)}
	if q.Origin != "" {
		all = append(all, graph.HasProperty(stampMailbox, "eq "+graph.Quote(strings.ToLower(q.Origin))))
	}
	return strings.Join(all, " and ")
}

// piecesOf matches ids that contain the pieces of the given one.
func piecesOf(id string) string {
	var all []string
	for _, piece := range driver.MessageIDPieces(id) {
		all = append(all, "singleValueExtendedProperties/any(ep:ep/id eq "+graph.Quote(pidTagInternetMessageID.String())+" and contains(ep/value,"+graph.Quote(piece)+"))")
	}
	if len(all) == 1 {
		return all[0]
	}
	return "(" + strings.Join(all, " and ") + ")"
}
