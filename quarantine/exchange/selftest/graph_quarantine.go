package selftest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
)

// checkQuarantine checks the quarantine mailbox.
func (g *graphChecker) checkQuarantine(ctx context.Context) {
	if g.cfg.QuarantineInPlace {
		g.unnamed()
		g.checkDirectory(ctx)
		return
	}
	address := g.cfg.QuarantineMailbox
	if g.vault != (graph.Mailbox{}) {
		root, err := g.vault.Folder(ctx, "msgfolderroot")
		switch {
		case !g.opened(ctx, address, CheckQuarantineMailbox, err, g.quarantineRemedy()):
			g.skipVault("not checked: the quarantine mailbox cannot be opened")
		case !g.mailAccess(ctx, g.vault, address):
			g.skipVault(fixFirst(CheckMailAccess))
		default:
			g.inVault(ctx, root)
		}
	}
	if g.blocker == "" && ctx.Err() == nil {
		g.checkDirectory(ctx)
	}
}

// inVault makes the checks that need the quarantine mailbox.
func (g *graphChecker) inVault(ctx context.Context, root graph.Folder) {
	address := g.cfg.QuarantineMailbox
	var err error
	g.folder, err = g.child(ctx, root.ID)
	switch {
	case g.undecided(ctx, err):
		return
	case err != nil:
		g.fail(CheckQuarantineFolder, address, err.Error(), unknownRemedy())
		g.skipVault(fixFirst(CheckQuarantineFolder))
		return
	case g.folder.ID == "":
		g.ok(CheckQuarantineFolder, address, fmt.Sprintf("folder %q does not exist yet; the first message creates it", g.cfg.QuarantineFolder))
	default:
		g.ok(CheckQuarantineFolder, address, fmt.Sprintf("folder %q exists", g.cfg.QuarantineFolder))
	}
	transferable := g.transferable(ctx, g.vault, address)
	if g.blocker != "" || ctx.Err() != nil {
		return
	}
	transferable = g.checkImportHost(ctx) && transferable
	if g.blocker != "" || ctx.Err() != nil {
		return
	}
	if g.folder.ID == "" {
		if transferable {
			g.ok(CheckExportImport, address, "the application may export from the mailbox and import into it; not tested with an item, since the quarantine folder does not exist yet")
		}
		g.skipVault("testing it needs an item, and the quarantine folder does not exist yet")
		return
	}
	g.withItem(ctx, transferable)
}

// child looks for the quarantine folder.
func (g *graphChecker) child(ctx context.Context, root string) (graph.Folder, error) {
	for folders, err := range g.vault.Children(ctx, root, g.cfg.QuarantineFolder) {
		if err != nil {
			return graph.Folder{}, err
		}
		at := slices.IndexFunc(folders, func(f graph.Folder) bool { return !f.IsSearch() && strings.EqualFold(f.Name, g.cfg.QuarantineFolder) })
		if at >= 0 {
			return folders[at], nil
		}
	}
	return graph.Folder{}, nil
}

// transferable asks to export an item that does not exist, and for a session to import into
// the mailbox. Neither changes anything.
func (g *graphChecker) transferable(ctx context.Context, box graph.Mailbox, address string) bool {
	id, err := box.ExchangeID(ctx)
	if g.undecided(ctx, err) {
		return false
	}
	if err != nil {
		g.lacks(CheckExportImport, address, permissionUsers, err, remedy{text: "mailboxes of groups, public folders and archives cannot be exported; use a user's mailbox or a shared one"})
		return false
	}
	export, err := box.ExportItem(ctx, id, probeID)
	if err == nil {
		export.Close()
	}
	if aboutItem(err) {
		err = nil // Graph checks the right to export first
	}
	var session graph.ImportSession
	if err == nil {
		session, err = box.NewImportSession(ctx, id)
	}
	switch {
	case g.undecided(ctx, err):
		return false
	case err != nil:
		g.lacks(CheckExportImport, address, permissionTransfer, err, g.transferRemedy())
		return false
	case box == g.vault:
		g.vaultID, g.importer = id, session
	default:
		g.ok(CheckExportImport, address, "the application may export from the mailbox and import into it")
	}
	return true
}

// aboutItem reports whether Graph refused the item and not the application, either in the
// response to the whole request or within one that succeeded.
func aboutItem(err error) bool {
	refusal, said := errors.AsType[*graph.Error](err)
	if !said || refusal.Err != nil || errors.Is(err, graph.ErrDenied) || errors.Is(err, graph.ErrThrottled) {
		return false
	}
	return refusal.Status == http.StatusOK || refusal.Status == http.StatusBadRequest || graph.Has(err, graph.CodeInvalidID, graph.CodeItemNotFound)
}

// checkImportHost checks whether the server that takes imports can be reached. It is not
// Graph's own, and firewalls must allow both.
func (g *graphChecker) checkImportHost(ctx context.Context) bool {
	server := g.importer.Server()
	if server == "" {
		if g.refused[permissionTransfer] && g.dispensable(permissionTransfer) {
			g.skip(CheckImportHost, "", "not checked: Graph names it where an import begins, and none does")
			return false
		}
		g.skip(CheckImportHost, "", "not checked: Graph names it where an import begins; fix "+string(g.transferBlocker())+" first")
		return false
	}
	d := &dial{}
	_, err := g.look(ctx, server+"/", d)
	u, _ := url.Parse(server) // was a part of a URL
	if err == nil {
		g.ok(CheckImportHost, "", u.Host+" answers; it takes the messages that are carried")
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	seen, fix := err.Error(), g.importHostRemedy(u)
	switch {
	case d.dnsErr != nil:
		seen = fmt.Sprintf("the name %s has no address: %v", d.host, d.dnsErr)
	case d.tlsErr != nil:
		seen, fix = "its certificate is not trusted: "+d.tlsErr.Error(), g.tlsRemedy(d.tlsErr, u)
	case d.dialErr != nil && d.reached == "":
		seen = "it cannot be reached: " + d.dialErr.Error()
	}
	g.fail(CheckImportHost, "", u.Host+", which takes the messages that are carried: "+seen, fix)
	return false
}

// transferBlocker returns the check that explains why there is no session to import.
func (g *graphChecker) transferBlocker() Name {
	if s := g.result(CheckExportImport, g.cfg.QuarantineMailbox).Status; s == Failed || s == Warning {
		return CheckExportImport
	}
	return CheckPermissions
}

func (g *graphChecker) importHostRemedy(u *url.URL) remedy {
	text := "let this machine connect to " + u.Host + " as well as to Graph: firewalls and proxies must know both hosts"
	if g.cfg.UseProxy {
		return remedy{text: text + "; the proxy is " + g.proxyName()}
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return remedy{text, []string{"Test-NetConnection -ComputerName " + powershell.Quote(u.Hostname()) + " -Port " + port}}
}
