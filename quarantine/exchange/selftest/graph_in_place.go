package selftest

import (
	"context"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// planInPlace adds the checks for messages that are kept in their own mailboxes. Those are
// only read, so there is no test item.
func (g *graphChecker) planInPlace() {
	g.add("", CheckDNS, CheckTCP, CheckTLS, CheckClock, CheckCertificate, CheckStampKeys, CheckEndpoint, CheckAuthentication, CheckPermissions, CheckDirectory)
	if len(g.probes()) == 0 {
		g.add("", CheckMailbox)
	}
	for _, m := range g.probes() {
		g.add(m, CheckMailbox, CheckMailAccess, CheckQuarantineFolder, CheckRecoverableItems)
	}
	g.add("", CheckThrottling)
}

// someAddress returns an address for the first question to the directory.
func (g *graphChecker) someAddress() string {
	switch {
	case !g.cfg.QuarantineInPlace:
		return g.cfg.QuarantineMailbox
	case len(g.probes()) > 0:
		return g.probes()[0]
	}
	return "nobody@ewsquarantine.invalid" // its absence is an answer, too
}

// carriedCheck returns the check of a user's mailbox for how messages leave it.
func (g *graphChecker) carriedCheck() Name {
	if g.cfg.QuarantineInPlace {
		return CheckQuarantineFolder
	}
	return CheckExportImport
}

// unnamed warns that no mailbox was named, so the rights to mail are not known.
func (g *graphChecker) unnamed() {
	if len(g.probes()) == 0 {
		g.warn(CheckMailbox, "", "not checked, nor what the application may do with mail: no mailbox was named", remedy{text: "name some users' mailboxes; they are only read"})
	}
}

// ownVault looks for the hidden folder of a mailbox.
func (g *graphChecker) ownVault(ctx context.Context, box graph.Mailbox, address string) {
	for folders, err := range box.Children(ctx, "msgfolderroot", graphmail.VaultFolder) {
		if g.undecided(ctx, err) {
			return
		}
		if err != nil {
			g.fail(CheckQuarantineFolder, address, err.Error(), unknownRemedy())
			return
		}
		for _, f := range folders {
			switch {
			case !strings.EqualFold(f.Name, graphmail.VaultFolder) || f.IsSearch():
				continue
			case f.Hidden:
				g.ok(CheckQuarantineFolder, address, fmt.Sprintf("the hidden folder %q exists; who lists hidden folders sees it", graphmail.VaultFolder))
			default:
				g.fail(CheckQuarantineFolder, address, fmt.Sprintf("the folder %q is not hidden, so that its owner sees it", graphmail.VaultFolder),
					remedy{text: "look what is in it, and rename it; Graph cannot hide a folder that exists"})
			}
			return
		}
	}
	g.ok(CheckQuarantineFolder, address, fmt.Sprintf("the hidden folder %q does not exist yet; the first message creates it", graphmail.VaultFolder))
}
