package mailstore

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Pending reports whether a read or "not read" notice would be sent. None is ever sent for
// junk mail.
func (it *Item) Pending() bool {
	return it.flags()&(FlagReadPending|FlagUnreadPending) != 0 && !it.junk()
}

func (it *Item) junk() bool {
	return it.Folder != nil && it.Folder.Distinguished == ews.FolderJunkEmail
}

// Suppress withdraws the pending receipt and reports whether there was one.
func (it *Item) Suppress() bool {
	if !it.Pending() {
		return false
	}
	it.settle()
	return true
}

// settle clears the flags of a pending receipt. It leaves the change key as it is.
func (it *Item) settle() {
	flags := it.flags()
	if flags&(FlagReadPending|FlagUnreadPending) == 0 {
		return
	}
	it.setFlags(flags &^ (FlagReadPending | FlagUnreadPending))
}

func (it *Item) setFlags(flags int64) {
	it.set(it.Properties().With([]ews.ExtendedProperty{{Field: TagFlags, Value: strconv.FormatInt(flags, 10)}}))
}

// tell sends a notice if its flag is set.
func (it *Item) tell(bit int64, kind string) {
	if it.flags()&bit == 0 {
		return
	}
	if kind == "IPNNRN" && it.Read() {
		it.settle()
		return
	}
	if !it.junk() {
		to := it.Content().Addresses("Disposition-Notification-To")
		if len(to) == 0 {
			to = it.Content().Addresses("Return-Receipt-To")
		}
		address := it.Properties().Text(TagFromAddress)
		if len(to) > 0 {
			address = to[0].Email
		}
		it.notify(kind, address)
	}
	it.settle()
}

func (it *Item) notify(kind, to string) {
	m := it.Folder.Mailbox
	m.org.settings.Notify(Notice{Kind: kind, From: m.Address, To: to, Subject: it.Properties().Text(TagSubject), Item: it})
}
