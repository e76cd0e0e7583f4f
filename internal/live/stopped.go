package live

import (
	"context"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// stoppedBatch moves two items to where nothing may be moved, so that the first one fails
// with an access error, which stops the batch: question C9.
func stoppedBatch(ctx context.Context, l *Lab) error {
	const topic = "C9 batch that an error of access stops"
	if l.user.client.Version() < ews.Exchange2010SP1 {
		l.Report.Add(topic, "not tried: the server has no Recoverable Items")
		return nil
	}
	one, err := l.message(ctx, "batch-1")
	if err != nil {
		return err
	}
	two, err := l.message(ctx, "batch-2")
	if err != nil {
		return err
	}
	whose := ""
	if l.cfg.Access == exchange.FullAccess {
		whose = fmt.Sprintf(`<t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox>`, escaped(l.settings.Mailbox))
	}
	got, err := members(ctx, l.user.client, fmt.Sprintf(`<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="recoverableitemsdeletions">%s</t:DistinguishedFolderId></m:ToFolderId>`+
		`<m:ItemIds><t:ItemId Id="%s"/><t:ItemId Id="%s"/></m:ItemIds></m:MoveItem>`, whose, escaped(one.id.ID), escaped(two.id.ID)))
	answer := list(got)
	if answer == "" {
		answer = describe(err)
	}
	l.Report.Add(topic, "%s", answer)
	return nil
}
