package graph

import "context"

// Detail is a message that was read with others.
type Detail struct {
	Message     Message
	Attachments []Attachment
	Err         error
}

// Details reads messages together, with the lists of their attachments if requested. Each
// message has its own error.
func (m Mailbox) Details(ctx context.Context, ids, fields []string, properties []Property, attachments bool) ([]Detail, error) {
	var calls []call
	for _, id := range ids {
		calls = append(calls, m.detailCalls(id, fields, properties, attachments)...)
	}
	parts, err := m.client.batch(ctx, m.payer, calls)
	if err != nil {
		return nil, err
	}
	details := make([]Detail, len(ids))
	each := len(calls) / max(len(ids), 1)
	for i, id := range ids {
		at := i * each
		details[i] = m.detail(ctx, calls[at:at+each], parts[at:at+each], id, fields)
	}
	return details, nil
}

// detailCalls are the requests for one message.
func (m Mailbox) detailCalls(id string, fields []string, properties []Property, attachments bool) []call {
	calls := []call{m.messageCall(id, fields, properties)}
	if attachments {
		list := m.attachmentsCall(id)
		list.follows = true
		calls = append(calls, list)
	}
	return calls
}

// detail reads the answers to those requests.
func (m Mailbox) detail(ctx context.Context, calls []call, parts []part, id string, fields []string) (d Detail) {
	if d.Err = decodePart(calls[0], parts[0], &d.Message); d.Err == nil {
		d.Err = d.Message.answers(calls[0], id, fields)
	}
	if d.Err == nil && len(calls) > 1 {
		d.Attachments, d.Err = listed(ctx, m, calls[1], parts[1])
	}
	return d
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
