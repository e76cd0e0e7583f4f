package graph

import "context"

// Detail is a message that was read with others.
type Detail struct {
	Message     Message
	Attachments []Attachment
	Err         error
}

// Details reads messages together, with the lists of their attachments if asked. Each has
// an error of its own.
func (m Mailbox) Details(ctx context.Context, ids, fields []string, properties []Property, attachments bool) ([]Detail, error) {
	var calls []call
	for _, id := range ids {
		calls = append(calls, get("GET message", m.payer, to("/users", m.user, "messages", id), shape(fields, properties)...))
		if attachments {
			list := m.attachmentsCall(id)
			list.follows = true
			calls = append(calls, list)
		}
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return nil, err
	}
	details := make([]Detail, len(ids))
	each := len(calls) / max(len(ids), 1)
	for i := range ids {
		d := &details[i]
		if d.Err = decodePart(calls[i*each], parts[i*each], &d.Message); d.Err != nil || !attachments {
			continue
		}
		d.Attachments, d.Err = listed(ctx, m, calls[i*each+1], parts[i*each+1])
	}
	return details, nil
}

// listed returns a list of attachments whose first page was read in a batch.
func listed(ctx context.Context, m Mailbox, k call, p part) (all []Attachment, err error) {
	var first page[Attachment]
	if err := decodePart(k, p, &first); err != nil {
		return nil, err
	}
	for some, err := range continued(ctx, m.client, k, first) {
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
