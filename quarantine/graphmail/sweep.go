package graphmail

import (
	"context"
	"errors"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Leftovers finds what a move left in Recoverable Items, such as a move by an earlier run
// over Exchange Web Services: export and permanentDelete leave nothing there. It is not
// documented whether Graph can remove items from there; a refusal is reported.
func (m *mailbox) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	left, err := m.leftovers(ctx, operation)
	return left, translate(err)
}

func (m *mailbox) leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	if m.part != whole {
		return nil, nil // a move within a mailbox leaves nothing
	}
	box, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	f := &finder{m: m, box: box, query: driver.Query{Operation: operation}, seen: make(map[string]bool)}
	f.filter = filterOf(f.query)
	tree := newTree(time.Time{})
	var all driver.Findings
	for raws, err := range box.Messages(ctx, f.request(deletions, f.filter)) {
		switch {
		case errors.Is(err, graph.ErrGone):
			return all.Items, nil // a mailbox without the folder
		case err != nil:
			return nil, m.unreachable(err)
		}
		for _, raw := range raws {
			it := m.item(raw, tree)
			it.Folder.Base, it.Folder.Path, it.Folder.Recoverable = deletions, "/"+deletions, true
			if !f.query.Matches(it) {
				continue
			}
			if err := all.Keep(it); err != nil {
				return nil, err
			}
		}
	}
	return all.Items, nil
}
