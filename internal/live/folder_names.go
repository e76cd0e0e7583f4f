package live

import (
	"context"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// allItems opens the folder allitems, which is not documented: question C6.
func allItems(ctx context.Context, l *Lab) error {
	whose := ""
	if l.cfg.Access == exchange.FullAccess {
		whose = fmt.Sprintf(`<t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox>`, escaped(l.settings.Mailbox))
	}
	got, err := members(ctx, l.user.client, `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>`+
		`<m:FolderIds><t:DistinguishedFolderId Id="allitems">`+whose+`</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>`)
	answer := list(got)
	if answer == "" {
		answer = describe(err)
	}
	l.Report.Add("C6 folder allitems", "%s", answer)
	return nil
}
