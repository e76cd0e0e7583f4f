package selftest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// graphChecker runs the self-test over Microsoft Graph.
type graphChecker struct {
	*checker

	client   *graph.Client
	token    token
	refused  map[string]bool // permissions that the token lacks, so something was refused
	vault    graph.Mailbox
	vaultID  string              // for export and import; empty if it cannot be found out
	folder   graph.Folder        // of the quarantine; zero if it does not exist
	importer graph.ImportSession // into the quarantine mailbox
}

// plan adds all checks to the report.
func (g *graphChecker) plan() {
	if g.cfg.QuarantineInPlace {
		g.planInPlace()
		return
	}
	vault := g.cfg.QuarantineMailbox
	g.add("", CheckDNS, CheckTCP, CheckTLS, CheckClock, CheckCertificate, CheckStampKeys, CheckEndpoint, CheckAuthentication, CheckPermissions)
	g.add(vault, CheckQuarantineMailbox, CheckMailAccess, CheckQuarantineFolder, CheckQuarantineWrite, CheckNamedProperties, CheckChangeKeys)
	g.add("", CheckImportHost)
	g.add(vault, CheckExportImport)
	g.add("", CheckDirectory)
	for _, m := range g.probes() {
		g.add(m, CheckMailbox, CheckMailAccess, CheckExportImport, CheckRecoverableItems)
	}
	g.add("", CheckThrottling)
}

// watched returns a context whose requests record what their token says.
func (g *graphChecker) watched(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(name string, values []string) {
		if strings.EqualFold(name, "Authorization") && len(values) == 1 {
			g.token.see(values[0])
		}
	}})
}

// checkAccount signs in, once, and looks for the user of the quarantine mailbox.
func (g *graphChecker) checkAccount(ctx context.Context) {
	if g.cfg.Authentication.Type == exchange.AuthenticationAzureAD && g.certificate == nil {
		g.block(CheckCertificate)
		return
	}
	rt, err := g.conn.SignIn(g.cfg.GraphURL)
	if err != nil {
		g.fail(CheckAuthentication, "", err.Error(), g.signInRemedy())
		g.block(CheckAuthentication)
		return
	}
	g.client, err = graph.New(graph.Options{
		Root: g.cfg.GraphURL, Transport: rt, ImportTransport: g.conn.Base(), Limiter: g.limiter, UserAgent: g.opts.UserAgent,
		Attempts: 3, Stall: time.Duration(g.cfg.StallTimeout),
	})
	if err != nil {
		g.fail(CheckEndpoint, "", err.Error(), g.urlRemedy())
		g.block(CheckEndpoint)
		return
	}
	user, err := g.client.UserOf(g.watched(ctx), g.someAddress())
	if g.undecided(ctx, err) || !g.answered(err) {
		return
	}
	if g.token.delegated() {
		g.block(CheckPermissions)
		return
	}
	if g.cfg.QuarantineInPlace {
		return
	}
	address := g.cfg.QuarantineMailbox
	switch {
	case errors.Is(err, graph.ErrNoMailbox):
		g.fail(CheckQuarantineMailbox, address, "nobody in the directory has this address: "+err.Error(), g.quarantineRemedy())
	case err != nil:
		g.lacks(CheckQuarantineMailbox, address, permissionUsers, err, remedy{text: "resolve the error that Graph reports"})
	case otherPrimary(user, address):
		g.fail(CheckQuarantineMailbox, address, "this is a secondary address; the primary one is "+user.Primary(), g.quarantineRemedy())
	default:
		g.vault = g.client.Mailbox(user.ID, strings.ToLower(address))
		return
	}
	g.skipVault("not checked: the quarantine mailbox cannot be opened")
	if g.refused[permissionUsers] {
		g.block(CheckPermissions)
	}
}

// answered evaluates the first answer, and reports whether it came from Graph and Graph
// knows the application.
func (g *graphChecker) answered(err error) bool {
	refusal, said := errors.AsType[*graph.Error](err)
	_, signInFailed := errors.AsType[*auth.AuthError](err)
	_, tokenRefused := errors.AsType[*auth.TokenError](err)
	switch {
	case errors.Is(err, graph.ErrSignIn), signInFailed, tokenRefused:
		if signInFailed || tokenRefused || refusal.Code != "" {
			g.ok(CheckEndpoint, "", "the server answers")
		}
		g.fail(CheckAuthentication, "", err.Error(), g.signInRemedy())
		g.block(CheckAuthentication)
		return false
	case said && (refusal.Err != nil || refusal.Code == "" && refusal.Status != http.StatusOK):
		g.fail(CheckEndpoint, "", err.Error(), g.urlRemedy())
		g.block(CheckEndpoint)
		return false
	}
	g.ok(CheckEndpoint, "", "Graph answers")
	g.ok(CheckAuthentication, "", "signed in as "+g.account())
	return true
}

// otherPrimary reports whether an address is a secondary one of a user.
func otherPrimary(user graph.User, address string) bool {
	primary := user.Primary()
	return primary != "" && !strings.EqualFold(primary, address)
}

// skipVault skips the checks that need the quarantine mailbox and have no result yet.
func (g *graphChecker) skipVault(because string) {
	address := g.cfg.QuarantineMailbox
	for _, name := range []Name{
		CheckQuarantineMailbox, CheckMailAccess, CheckQuarantineFolder, CheckQuarantineWrite, CheckNamedProperties, CheckChangeKeys, CheckExportImport,
	} {
		g.skipOpen(name, address, because)
	}
	g.skipOpen(CheckImportHost, "", because)
}

// skipOpen skips a check that has no result yet.
func (g *graphChecker) skipOpen(name Name, mailbox, because string) {
	if g.result(name, mailbox).Status == "" {
		g.skip(name, mailbox, because)
	}
}

// lacks records that something was refused. If the token lacks the permission for it, the
// check of permissions has failed, and this one depends on it.
func (g *graphChecker) lacks(name Name, mailbox, permission string, err error, fix remedy) {
	denied := errors.Is(err, graph.ErrDenied)
	switch lacking := g.token.known() && !g.token.has(permission); {
	case denied && lacking && g.dispensable(permission):
		g.refused[permission] = true
		g.skip(name, mailbox, "not checked: the application lacks "+permission+", and "+madeAnew)
		return
	case denied && lacking:
		g.refused[permission] = true
		g.skip(name, mailbox, fixFirst(CheckPermissions))
		return
	case denied && g.dispensable(permission):
		g.warn(name, mailbox, err.Error()+"; "+madeAnew, fix)
		return
	}
	g.fail(name, mailbox, err.Error(), fix)
}

// checkProbes checks the rights on users' mailboxes. They are only read.
func (g *graphChecker) checkProbes(ctx context.Context) {
	for _, address := range g.probes() {
		if g.blocker != "" || ctx.Err() != nil {
			return
		}
		g.probe(ctx, address)
	}
}

func (g *graphChecker) probe(ctx context.Context, address string) {
	carried := g.carriedCheck()
	skipRest := func(because Name, names ...Name) {
		for _, name := range names {
			g.skipOpen(name, address, fixFirst(because))
		}
	}
	user, err := g.client.UserOf(ctx, address)
	switch {
	case g.undecided(ctx, err):
		return
	case errors.Is(err, graph.ErrNoMailbox):
		g.fail(CheckMailbox, address, "nobody in the directory has this address: "+err.Error(), g.addressRemedy(address))
	case err != nil:
		g.lacks(CheckMailbox, address, permissionUsers, err, unknownRemedy())
	case otherPrimary(user, address):
		g.fail(CheckMailbox, address, "this is a secondary address; the primary one is "+user.Primary(), g.addressRemedy(address))
	}
	if g.result(CheckMailbox, address).Status != "" {
		skipRest(CheckMailbox, CheckMailAccess, carried, CheckRecoverableItems)
		return
	}
	box := g.client.Mailbox(user.ID, strings.ToLower(address))
	_, err = box.Folder(ctx, "inbox")
	if !g.opened(ctx, address, CheckMailbox, err, g.addressRemedy(address)) {
		if g.blocker == "" && g.result(CheckMailAccess, address).Status == Failed {
			skipRest(CheckMailAccess, carried, CheckRecoverableItems)
		} else if g.blocker == "" {
			skipRest(CheckMailbox, CheckMailAccess, carried, CheckRecoverableItems)
		}
		return
	}
	g.mailAccess(ctx, box, address)
	if g.cfg.QuarantineInPlace {
		g.ownVault(ctx, box, address)
	} else {
		g.transferable(ctx, box, address)
	}
	g.recoverable(ctx, box, address)
}

// opened evaluates the first read of a mailbox, and reports whether it can be opened.
// exists is the check for whether the mailbox exists.
func (g *graphChecker) opened(ctx context.Context, address string, exists Name, err error, none remedy) bool {
	switch {
	case err == nil:
		g.ok(exists, address, "the mailbox exists")
		return true
	case g.undecided(ctx, err):
	case errors.Is(err, graph.ErrNoMailbox):
		g.fail(exists, address, "the user has no mailbox in Exchange Online: "+err.Error(), none)
	case errors.Is(err, graph.ErrDenied):
		g.ok(exists, address, "a user has the address")
		g.fail(CheckMailAccess, address, "the application may not open the mailbox: "+err.Error(), g.mailRemedy(address))
	default:
		g.fail(exists, address, err.Error(), unknownRemedy())
	}
	return false
}

// mailAccess asks to change a message that does not exist: Graph checks permissions first.
func (g *graphChecker) mailAccess(ctx context.Context, box graph.Mailbox, address string) bool {
	_, err := box.Update(ctx, probeID, "", map[string]any{"categories": []string{}})
	refusal, said := errors.AsType[*graph.Error](err)
	switch {
	case g.undecided(ctx, err):
		return false
	case errors.Is(err, graph.ErrDenied):
		g.fail(CheckMailAccess, address, "the application may read the mailbox, but not change mail in it: "+err.Error(), g.mailRemedy(address))
		return false
	case err == nil, said && refusal.Status >= 400 && refusal.Status < 500:
		by := ""
		if g.token.known() && !g.token.has(permissionMail) {
			by = "; " + permissionMail + " is not in the token, so a role of RBAC for Applications gives it, within its scope"
		}
		g.ok(CheckMailAccess, address, "the application may read and change mail"+by)
		return true
	}
	g.fail(CheckMailAccess, address, err.Error(), unknownRemedy())
	return false
}

// recoverable opens Recoverable Items if the configuration uses them.
func (g *graphChecker) recoverable(ctx context.Context, box graph.Mailbox, address string) {
	if !g.cfg.ScanRecoverableItems {
		g.skip(CheckRecoverableItems, address, "scanRecoverableItems is off")
		return
	}
	_, err := box.Folder(ctx, "recoverableitemsdeletions")
	switch {
	case err == nil:
		g.ok(CheckRecoverableItems, address, "Recoverable Items can be opened; Graph may neither export nor remove what is in them")
	case !g.undecided(ctx, err):
		g.fail(CheckRecoverableItems, address, err.Error(), remedy{g.mailRemedy(address).text + "; or turn off scanRecoverableItems", g.mailRemedy(address).commands})
	}
}

// checkDirectory checks whether groups can be found, or one of them expanded.
func (g *graphChecker) checkDirectory(ctx context.Context) {
	address, seen := g.opts.Group, "groups can be looked for"
	if address == "" {
		address = g.someAddress()
	}
	group, err := g.client.EntryOf(ctx, address, graph.TypeGroup)
	switch {
	case err == nil && g.opts.Group != "":
		var members []graph.Entry
		members, err = g.client.MembersOf(ctx, group.ID)
		seen = fmt.Sprintf("%s has %d members", g.opts.Group, len(members))
	case g.opts.Group == "" && errors.Is(err, graph.ErrNoMailbox):
		err = nil
	}
	switch {
	case err == nil:
		g.ok(CheckDirectory, "", seen)
	case g.undecided(ctx, err):
	case errors.Is(err, graph.ErrDenied):
		// A program that expands no groups does not need this permission.
		g.warn(CheckDirectory, "", "groups cannot be expanded: "+err.Error(), remedy{text: "to expand groups, give the application " + permissionGroups + " with admin consent (ewsq setup)"})
	case errors.Is(err, graph.ErrNoMailbox):
		g.fail(CheckDirectory, "", "no group has this address: "+err.Error(), remedy{
			"check the address of the group; Graph has no dynamic distribution groups", g.groupRemedy().commands})
	default:
		g.fail(CheckDirectory, "", err.Error(), remedy{text: "resolve the error that Graph reports"})
	}
}
