package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func moveItem(c *call) *refusal { return c.carry(true) }

func copyItem(c *call) *refusal { return c.carry(false) }

// carry moves or copies items into one folder.
func (c *call) carry(move bool) *refusal {
	target := c.op.Child("ToFolderId").First()
	if c.who.impersonated && c.opts.CrossMailboxImpersonated == RefuseFault && c.crosses(target) {
		return refuse("ErrorInternalServerError")
	}
	to, missing := c.folder(target)
	if missing != nil {
		missing = c.noTarget(missing)
	}
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused == nil {
			refused = c.minding(sound(n), it)
		}
		if refused != nil {
			return nil, refused
		}
		if missing != nil {
			return nil, missing
		}
		if refused := c.still(to, "ErrorToFolderNotFound"); refused != nil {
			return nil, refused
		}
		if refused := c.mayCarry(it, to, move); refused != nil {
			return nil, refused
		}
		if _, ok := c.strikes(is(faultNothing), it); ok {
			return c.out.emptyItems, nil
		}
		c.acted = true
		crossing := !it.SameStore(to)
		if fault, ok := c.strikes(is(faultCopyLeft), it); ok {
			it.CopyTo(to)
			return nil, &refusal{code: fault.code}
		}
		_, copies := c.strikes(is(faultCopies), it)
		var there *mailstore.Item
		if move && !copies {
			there = it.MoveTo(to)
		} else {
			there = it.CopyTo(to)
		}
		c.forget(there)
		return func() {
			if crossing {
				c.out.emptyItems()
				return
			}
			c.newItems(there)
		}, nil
	})
	return nil
}

// mayCarry refuses what cannot be moved or copied.
func (c *call) mayCarry(it *mailstore.Item, to *mailstore.Folder, move bool) *refusal {
	switch {
	case it.Associated:
		return refuseText("ErrorInvalidOperation", "Associated items cannot be moved or copied.")
	case to.Search != nil:
		return refuse("ErrorMoveCopyFailed")
	case to.Recoverable():
		return refuse("ErrorAccessDenied")
	case it.Folder.Mailbox != to.Mailbox && c.who.impersonated:
		return c.crossRefused()
	case it.Folder.Mailbox != to.Mailbox && c.opts.Odd.Has(OddNoCrossMove):
		return refuse("ErrorCrossMailboxMoveCopy")
	}
	if (!move || it.Folder.Mailbox != to.Mailbox) && to.Mailbox.Full(it.Size()) {
		return refuse("ErrorQuotaExceeded")
	}
	return nil
}

// noTarget returns the error for a destination that was not found. Under
// impersonation it may be in another mailbox.
func (c *call) noTarget(missing *refusal) *refusal {
	if c.who.impersonated && (missing.code == c.noMailbox("").code || missing.code == "ErrorFolderNotFound") {
		return c.crossRefused()
	}
	return asTarget(missing, "ErrorToFolderNotFound")
}

func (c *call) crossRefused() *refusal {
	switch c.opts.CrossMailboxImpersonated {
	case RefuseItem:
		return refuseText("ErrorItemNotFound", "The process failed to get the correct properties.")
	case RefuseCrossMailbox:
		return refuse("ErrorCrossMailboxMoveCopy")
	}
	return refuse("ErrorToFolderNotFound")
}

// crosses reports whether a destination is outside the caller's mailbox.
func (c *call) crosses(target *ewsschema.Node) bool {
	if address := target.Path("Mailbox", "EmailAddress").Content(); address != "" {
		return !c.who.box.Has(address)
	}
	id, err := mailstore.ParseID(target.Get("Id"))
	return err == nil && id.Mailbox != c.who.box.GUID()
}
