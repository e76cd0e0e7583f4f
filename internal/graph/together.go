package graph

import (
	"context"
	"errors"
	"iter"
	"net/http"
)

// Known returns the folders with well-known names, or nil for a folder that the mailbox
// does not have.
func (m Mailbox) Known(ctx context.Context, names []string) ([]*Folder, error) {
	calls := make([]call, len(names))
	for i, name := range names {
		calls[i] = m.folderCall(name)
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return nil, err
	}
	return foldersOf(calls, parts, names)
}

// foldersOf returns the folders with the given ids or well-known names. It is an error if
// one folder answers to two of them.
func foldersOf(calls []call, parts []part, names []string) ([]*Folder, error) {
	folders := make([]*Folder, len(calls))
	is := make(map[string]string)
	for i, p := range parts {
		var f Folder
		err := decodePart(calls[i], p, &f)
		if err == nil {
			err = f.named(calls[i], names[i])
		}
		if other, twice := is[f.ID]; err == nil && twice && other != names[i] {
			err = misfit(calls[i], http.StatusOK)
		}
		switch {
		case err == nil:
			folders[i], is[f.ID] = &f, names[i]
		case !errors.Is(err, ErrGone):
			return nil, err
		}
	}
	return folders, nil
}

// Pages are the pages of a list, read on demand.
type Pages[T any] = iter.Seq2[[]T, error]

// Search runs queries together. Each is answered separately; pages after the first are
// read one by one.
func (m Mailbox) Search(ctx context.Context, queries []Query) ([]Pages[Message], error) {
	calls := make([]call, len(queries))
	for i, q := range queries {
		calls[i] = q.call(m.user, m.payer)
	}
	return lists[Message](ctx, m, calls)
}

// SearchAndBelow combines Search and Below, in this order: the folders are read after the
// messages.
func (m Mailbox) SearchAndBelow(ctx context.Context, queries []Query, parents []string) ([]Pages[Message], []Pages[Folder], error) {
	if len(parents) == 0 {
		found, err := m.Search(ctx, queries)
		return found, nil, err
	}
	calls := make([]call, 0, len(queries)+len(parents))
	for _, q := range queries {
		calls = append(calls, q.call(m.user, m.payer))
	}
	for _, id := range parents {
		calls = append(calls, m.childrenCall(id, ""))
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return nil, nil, err
	}
	n := len(queries)
	return paged[Message](ctx, m, calls[:n], parts[:n]), below(paged[Folder](ctx, m, calls[n:], parts[n:]), parents, calls[n:]), nil
}

// Below reads the folders directly below each of several folders, including hidden ones.
func (m Mailbox) Below(ctx context.Context, parents []string) ([]Pages[Folder], error) {
	calls := make([]call, len(parents))
	for i, id := range parents {
		calls[i] = m.childrenCall(id, "")
	}
	read, err := lists[Folder](ctx, m, calls)
	return below(read, parents, calls), err
}

// below passes on what is directly below the folder of each list.
func below(lists []Pages[Folder], parents []string, calls []call) []Pages[Folder] {
	for i, pages := range lists {
		lists[i] = childOf(pages, parents[i], calls[i])
	}
	return lists
}

func lists[T entry](ctx context.Context, m Mailbox, calls []call) ([]Pages[T], error) {
	if len(calls) == 1 {
		return []Pages[T]{pages[T](ctx, m.client, calls[0])}, nil
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return nil, err
	}
	return paged[T](ctx, m, calls, parts), nil
}

// paged are lists whose first pages have been read.
func paged[T entry](ctx context.Context, m Mailbox, calls []call, parts []part) []Pages[T] {
	found := make([]Pages[T], len(calls))
	for i, p := range parts {
		found[i] = func(yield func([]T, error) bool) {
			var first page[T]
			if err := decodePart(calls[i], p, &first); err != nil {
				yield(nil, err)
				return
			}
			continued(ctx, m.client, calls[i], first)(yield)
		}
	}
	return found
}

// Whole reads a message together with the list of its attachments.
func (m Mailbox) Whole(ctx context.Context, id string, fields []string, properties []Property) (Message, []Attachment, error) {
	details, err := m.Details(ctx, []string{id}, fields, properties, true)
	if err != nil {
		return Message{}, nil, err
	}
	return details[0].Message, details[0].Attachments, details[0].Err
}

// Placed reads a message, with the list of its attachments if requested, and after it
// some folders by their ids, nil for a folder that no longer exists.
func (m Mailbox) Placed(ctx context.Context, id string, fields []string, properties []Property, attachments bool, folders []string) (Detail, []*Folder, error) {
	calls := m.detailCalls(id, fields, properties, attachments)
	n := len(calls)
	for _, folder := range folders {
		calls = append(calls, m.folderCall(folder))
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return Detail{}, nil, err
	}
	d := m.detail(ctx, calls[:n], parts[:n], id, fields)
	if d.Err != nil {
		return d, nil, d.Err
	}
	found, err := foldersOf(calls[n:], parts[n:], folders)
	return d, found, err
}
