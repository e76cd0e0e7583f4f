package selftest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// mailbox is a mailbox, accessed as the service would access it.
type mailbox struct {
	address  string
	client   *ews.Client
	delegate bool
}

func (k *checker) mailbox(address string) *mailbox {
	if k.cfg.Access == exchange.Impersonation {
		return &mailbox{address: address, client: k.client.Impersonating(address)}
	}
	return &mailbox{address: address, client: k.client.ForMailbox(address), delegate: true}
}

// known returns the reference to a well-known folder.
func (m *mailbox) known(name ews.FolderName) ews.DistinguishedFolder {
	f := ews.DistinguishedFolder{Name: name}
	if m.delegate {
		f.Mailbox = m.address
	}
	return f
}

// checkQuarantine checks the quarantine mailbox and everything else that needs no other
// mailbox.
func (k *checker) checkQuarantine(ctx context.Context) {
	opened := k.openQuarantine(ctx)
	if k.blocker != "" || ctx.Err() != nil {
		return
	}
	if opened || k.cfg.Access == exchange.FullAccess {
		k.directory(ctx)
	} else {
		k.skip(CheckDirectory, "", "not checked: groups are expanded as the owner of the quarantine mailbox, which cannot be opened")
	}
	if !opened {
		because := "not checked: the quarantine mailbox cannot be opened"
		for _, name := range []Name{CheckQuarantineFolder, CheckQuarantineWrite} {
			k.skip(name, k.cfg.QuarantineMailbox, because)
		}
		k.skipStamp(because)
		k.skip(CheckExportUpload, "", because)
		k.skip(CheckMove, "", because)
		return
	}
	if !k.findFolder(ctx) {
		return
	}
	if k.folderID == "" {
		k.withoutFolder(ctx)
		return
	}
	k.withItem(ctx)
}

// openQuarantine opens the quarantine mailbox, and reports whether that worked and
// the rights suffice.
func (k *checker) openQuarantine(ctx context.Context) bool {
	address, access := k.cfg.QuarantineMailbox, k.accessName()
	m := k.mailbox(address)
	root, how, seen := k.open(ctx, m, ews.FolderMsgFolderRoot)
	switch how {
	case reachUndecided:
		return false
	case reachNoMailbox:
		k.skip(access, address, fixFirst(CheckQuarantineMailbox))
		k.fail(CheckQuarantineMailbox, address, seen, k.quarantineRemedy())
		return false
	case reachMoved:
		k.skip(access, address, fixFirst(CheckQuarantineMailbox))
		k.fail(CheckQuarantineMailbox, address, seen, k.movedRemedy(address))
		return false
	case reachFailed:
		k.skip(access, address, fixFirst(CheckQuarantineMailbox))
		k.fail(CheckQuarantineMailbox, address, seen, k.failedRemedy(address, k.code))
		return false
	case reachNoRight:
		k.fail(access, address, seen, k.accessRemedy(address))
		k.skip(CheckQuarantineMailbox, address, "not known whether it exists: that needs the right to open it")
		return false
	}
	k.quarantine, k.root = m, root
	k.ok(CheckQuarantineMailbox, address, "the mailbox exists")
	if missing := missingRights(root.Rights); missing != "" {
		k.fail(access, address, "the account may open the mailbox, but lacks the right to "+missing, k.accessRemedy(address))
		return false
	}
	k.ok(access, address, "the mailbox can be opened")
	return true
}

// findFolder looks for the quarantine folder, without creating it. It reports
// whether the self-test can continue.
func (k *checker) findFolder(ctx context.Context) bool {
	address, name := k.cfg.QuarantineMailbox, k.cfg.QuarantineFolder
	id, err := k.quarantine.child(ctx, name)
	switch {
	case err == nil && id != "":
		k.folderID = id
		k.ok(CheckQuarantineFolder, address, fmt.Sprintf("folder %q exists", name))
	case k.undecided(ctx, err):
		return false
	case err != nil:
		k.fail(CheckQuarantineFolder, address, err.Error(), k.failedRemedy(address, codeOf(err)))
		return false
	case k.root.Rights == nil:
		k.warn(CheckQuarantineFolder, address, fmt.Sprintf("folder %q does not exist, and the server does not report whether it can be created", name), k.folderRemedy())
	case !k.root.Rights.CreateHierarchy:
		k.fail(CheckQuarantineFolder, address, fmt.Sprintf("folder %q does not exist, and the account may not create it", name), k.folderRemedy())
	default:
		k.ok(CheckQuarantineFolder, address, fmt.Sprintf("folder %q does not exist yet; it can be created, and the first message creates it", name))
	}
	return true
}

// child returns the id of the top-level folder of that name, or "" if it does not
// exist.
func (m *mailbox) child(ctx context.Context, name string) (string, error) {
	children := m.client.FindFolders(ctx, ews.FindFolderRequest{
		Parent:      m.known(ews.FolderMsgFolderRoot),
		Shape:       ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName, ews.PidTagFolderType}},
		Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldFolderName, Value: name},
	})
	for f, err := range children {
		if err != nil {
			return "", err
		}
		const searchFolder = "2"
		if kind, _ := f.Property(ews.PidTagFolderType); strings.EqualFold(f.DisplayName, name) && kind.Value != searchFolder {
			return f.ID.ID, nil
		}
	}
	return "", nil
}

// withoutFolder checks what can be checked without a test item.
func (k *checker) withoutFolder(ctx context.Context) {
	address := k.cfg.QuarantineMailbox
	const untried = "; not tested, since the quarantine folder does not exist yet"
	switch rights := k.root.Rights; {
	case rights == nil:
		k.skip(CheckQuarantineWrite, address, "the server does not report the rights"+untried)
	case !rights.CreateContents:
		k.fail(CheckQuarantineWrite, address, "the account may not create items", k.accessRemedy(address))
	default:
		k.ok(CheckQuarantineWrite, address, "the account may create items"+untried)
	}
	k.skipStamp("testing it needs an item, and the quarantine folder does not exist yet")
	if k.cfg.Access == exchange.FullAccess {
		k.skip(CheckMove, "", "testing it needs an item, and the quarantine folder does not exist yet; where moves are refused, items are exported and uploaded")
	} else {
		k.skipMove()
	}
	k.exportUpload(ctx, nil)
}

// directory checks whether names can be resolved and groups expanded.
func (k *checker) directory(ctx context.Context) {
	view := k.directoryView()
	seen := "names can be resolved"
	var err error
	if k.opts.Group != "" {
		var list *ews.DistributionList
		if list, err = view.ExpandDL(ctx, ews.Mailbox{EmailAddress: k.opts.Group}); err == nil {
			seen = fmt.Sprintf("%s has %d members", k.opts.Group, len(list.Members))
		}
	} else if _, err = view.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "smtp:" + k.cfg.QuarantineMailbox}); errors.Is(err, ews.ErrNotFound) {
		err = nil // the mailbox is hidden from address lists, as it should be
	}
	refused, _ := errors.AsType[*ews.ResponseError](err)
	switch {
	case err == nil:
		k.ok(CheckDirectory, "", seen)
	case k.undecided(ctx, err):
	case refused != nil && (refused.Code == "ErrorNameResolutionNoMailbox" || refused.Code == "ErrorMissingEmailAddress"):
		k.fail(CheckDirectory, "", "the account has no mailbox, so it cannot expand groups: "+err.Error(), k.serviceMailboxRemedy())
	case k.opts.Group != "":
		k.fail(CheckDirectory, "", err.Error(), k.groupRemedy())
	default:
		k.fail(CheckDirectory, "", err.Error(), remedy{text: "resolve the error that the server reports"})
	}
}
