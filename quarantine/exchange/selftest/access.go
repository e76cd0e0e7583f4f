package selftest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// reach is how an attempt to open a mailbox ended.
type reach int

const (
	reachOpened    reach = iota
	reachNoMailbox       // no mailbox has this as its primary address
	reachMoved           // it was here, but no longer is
	reachNoRight         // the account may not open it
	reachFailed          // for another reason
	reachUndecided       // not known
)

// open opens a well-known folder of a mailbox. The text describes a failure, whose code,
// if the server gave one, is kept for [checker.failedRemedy].
func (k *checker) open(ctx context.Context, m *mailbox, name ews.FolderName) (ews.Folder, reach, string) {
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{
		Folders: []ews.FolderRef{m.known(name)},
		Shape:   ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderRights}},
	})
	if err == nil {
		err = results[0].Err
	}
	var code ews.ResponseCode
	text := ""
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		code, text = refused.Code, refused.Message
	}
	k.code = code
	switch {
	case err == nil:
		return results[0].Value, reachOpened, ""
	case k.undecided(ctx, err):
		return ews.Folder{}, reachUndecided, ""
	case code == "ErrorNonPrimarySmtpAddress":
		return ews.Folder{}, reachNoMailbox, k.primary(ctx, m.address, "this is not the primary address: "+err.Error())
	case errors.Is(err, ews.ErrNoMailbox) && strings.Contains(strings.ToLower(text), "such guid"):
		return ews.Folder{}, reachMoved, "the mailbox is no longer on this server: " + err.Error()
	case errors.Is(err, ews.ErrNoMailbox):
		return ews.Folder{}, reachNoMailbox, k.primary(ctx, m.address, "the mailbox does not exist: "+err.Error())
	case errors.Is(err, ews.ErrAccessDenied), m.delegate && errors.Is(err, ews.ErrNotFound):
		return ews.Folder{}, reachNoRight, k.hidden(ctx, m.address, err)
	}
	return ews.Folder{}, reachFailed, err.Error()
}

// hidden explains why a mailbox cannot be opened: without the right to open it, Exchange
// may answer as if it did not exist.
func (k *checker) hidden(ctx context.Context, address string, cause error) string {
	if !errors.Is(cause, ews.ErrNotFound) {
		return "the account may not open the mailbox: " + cause.Error()
	}
	found, err := k.client.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "smtp:" + address})
	if err == nil && lists(found, address) {
		return "the mailbox is in the directory, but the account may not open it: " + cause.Error()
	}
	return "the account may not open the mailbox, which Exchange reports as missing: " + cause.Error()
}

// lists reports whether one of the directory's entries has this primary address.
func lists(found *ews.Resolutions, address string) bool {
	return slices.ContainsFunc(found.Candidates, func(c ews.Resolution) bool { return strings.EqualFold(c.Mailbox.EmailAddress, address) })
}

// primary asks the directory for the primary address of a mailbox and names it
// if it differs; otherwise it returns the text given.
func (k *checker) primary(ctx context.Context, address, otherwise string) string {
	if k.cfg.Access == exchange.Impersonation && (k.quarantine == nil || strings.EqualFold(address, k.cfg.QuarantineMailbox)) {
		return otherwise
	}
	found, err := k.directoryView().ResolveNames(ctx, ews.ResolveNamesRequest{Name: "smtp:" + address})
	if err != nil || len(found.Candidates) == 0 || lists(found, address) {
		return otherwise
	}
	return "this is a secondary address; the primary one is " + found.Candidates[0].Mailbox.EmailAddress
}

// directoryView returns the client for directory queries: it acts as the account
// or, with impersonation, as the owner of the quarantine mailbox, because the
// account may have no mailbox.
func (k *checker) directoryView() *ews.Client {
	if k.cfg.Access == exchange.Impersonation {
		return k.client.Impersonating(k.cfg.QuarantineMailbox)
	}
	return k.client
}

// missingRights lists the rights on a folder that are needed but missing.
func missingRights(r *ews.EffectiveRights) string {
	if r == nil {
		return ""
	}
	var missing []string
	for _, right := range []struct {
		name string
		has  bool
	}{{"read", r.Read}, {"change", r.Modify}, {"delete", r.Delete}} {
		if !right.has {
			missing = append(missing, right.name)
		}
	}
	return strings.Join(missing, ", ")
}

// checkProbes checks the rights on users' mailboxes. They are only read.
func (k *checker) checkProbes(ctx context.Context) {
	for _, address := range k.probes() {
		if k.blocker != "" || ctx.Err() != nil {
			return
		}
		k.probe(ctx, address)
	}
}

func (k *checker) probe(ctx context.Context, address string) {
	access := k.accessName()
	m := k.mailbox(address)
	inbox, how, seen := k.open(ctx, m, ews.FolderInbox)
	skipRest := func(because Name, names ...Name) {
		for _, name := range names {
			k.skip(name, address, fixFirst(because))
		}
	}
	switch how {
	case reachUndecided:
		return
	case reachNoMailbox:
		k.fail(CheckMailbox, address, seen, k.addressRemedy(address))
		skipRest(CheckMailbox, access, CheckRecoverableItems, CheckArchive)
		return
	case reachMoved:
		k.fail(CheckMailbox, address, seen, k.movedRemedy(address))
		skipRest(CheckMailbox, access, CheckRecoverableItems, CheckArchive)
		return
	case reachFailed:
		k.fail(CheckMailbox, address, seen, k.failedRemedy(address, k.code))
		skipRest(CheckMailbox, access, CheckRecoverableItems, CheckArchive)
		return
	case reachNoRight:
		k.skip(CheckMailbox, address, "not known whether it exists: that needs the right to open it")
		k.fail(access, address, seen, k.accessRemedy(address))
		skipRest(access, CheckRecoverableItems, CheckArchive)
		return
	}
	k.ok(CheckMailbox, address, "the mailbox exists")
	if missing := missingRights(inbox.Rights); missing != "" {
		k.fail(access, address, "the account may open the Inbox, but lacks the right to "+missing, k.accessRemedy(address))
	} else {
		k.ok(access, address, "the account may read, change and delete in the Inbox")
	}
	k.recoverable(ctx, m)
	k.archive(ctx, m)
}

// recoverable opens Recoverable Items if the configuration uses them.
func (k *checker) recoverable(ctx context.Context, m *mailbox) {
	if !k.cfg.ScanRecoverableItems && k.cfg.LeaveRecoverable {
		k.skip(CheckRecoverableItems, m.address, "scanRecoverableItems is off and leaveRecoverable on")
		return
	}
	if !k.cfg.ScanRecoverableItems && m.client.Version() < ews.Exchange2010SP1 {
		k.warn(CheckRecoverableItems, m.address, "the server cannot open Recoverable Items, so users can recover what a move leaves there", servicePackRemedy())
		return
	}
	_, how, seen := k.open(ctx, m, ews.FolderRecoverableItemsDeletions)
	switch how {
	case reachUndecided:
	case reachOpened:
		k.ok(CheckRecoverableItems, m.address, "Recoverable Items can be opened")
	default:
		k.fail(CheckRecoverableItems, m.address, seen, k.recoverableRemedy(m.address))
	}
}

// archive opens the archive if the configuration uses it. A mailbox need not
// have one. Servers answer the same for a missing archive as for a folder that
// the account may not see, but the mailbox itself could be opened.
func (k *checker) archive(ctx context.Context, m *mailbox) {
	if !k.cfg.ScanOnlineArchive {
		k.skip(CheckArchive, m.address, "scanOnlineArchive is off")
		return
	}
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{m.known(ews.FolderArchiveMsgFolderRoot)}})
	if err == nil {
		err = results[0].Err
	}
	switch {
	case err == nil:
		k.ok(CheckArchive, m.address, "the archive can be opened")
	case k.undecided(ctx, err):
	case errors.Is(err, ews.ErrNotFound):
		k.ok(CheckArchive, m.address, "the mailbox has no archive")
	default:
		k.fail(CheckArchive, m.address, err.Error(), k.archiveRemedy(m.address))
	}
}
