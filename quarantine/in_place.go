package quarantine

import (
	"context"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// inPlace reports whether messages are kept in the mailboxes that they came from.
func (s *Service) inPlace() bool { return s.quarantine == nil }

// vaultOf returns the mailbox that holds what is taken from a mailbox: the quarantine
// mailbox or, in place, the part of the same mailbox that its owner does not see.
func (s *Service) vaultOf(mailbox string) driver.Mailbox {
	if keeper, ok := s.strategy.(driver.InPlace); ok && s.inPlace() {
		return keeper.Vault(mailbox)
	}
	return s.quarantine
}

// anyMailbox returns a mailbox for access to the address book, which belongs to no mailbox.
func (s *Service) anyMailbox() driver.Mailbox {
	if s.inPlace() {
		return s.strategy.Mailbox("")
	}
	return s.quarantine
}

// engineFor returns the engine for messages from a mailbox: surplus copies are put aside
// where those messages are kept.
func (s *Service) engineFor(mailbox string) *passage.Engine {
	e := *s.engine
	e.Shelf = func(ctx context.Context) (driver.Folder, error) {
		return s.vaultOf(mailbox).Folder(ctx, driver.FolderRequest{Names: []string{surplusFolder}, Create: true})
	}
	return &e
}

// checkInPlace refuses settings that cannot be combined with InPlace.
func (o *Options) checkInPlace(strategy driver.Strategy, quarantineMailbox string, refuse func(what, field, problem string)) {
	if _, ok := strategy.(driver.InPlace); !ok {
		refuse("options", "InPlace", fmt.Sprintf("is set, but the strategy %q does not support it: it does not implement driver.InPlace; leave it out, and pass a quarantine mailbox", strategy.Name()))
	}
	if quarantineMailbox != "" {
		refuse("arguments", "quarantineMailbox", "is set together with InPlace of the options, which does without one; pass an empty one, or leave InPlace out")
	}
	if o.FolderPerMailbox {
		refuse("options", "FolderPerMailbox", "is of no use with InPlace, with which each mailbox has its own folder; leave it out")
	}
}

// errEachMailbox refuses to look through everything in quarantine.
func errEachMailbox(what string) error {
	return driver.Invalid(what, "mailbox", "is empty, and messages are kept in the mailboxes that they came from, which nothing lists; name each mailbox")
}

// keptElsewhere returns an error for the receipt of a quarantine in place, if messages are
// kept in a quarantine mailbox now.
func (s *Service) keptElsewhere(r *Receipt) error {
	if !r.InPlace || s.inPlace() {
		return nil
	}
	return driver.Invalid("receipt", "inPlace", fmt.Sprintf("is set: the messages are in a hidden folder of %s itself, and this configuration has the quarantine mailbox %s; restore with one that keeps messages in place", r.Target.Mailbox, s.quarantine.Address()))
}

// otherVault returns why an intent is left alone, nil if it is this service's.
func (s *Service) otherVault(in Intent) error {
	vault := s.vaultOf(in.Target.Mailbox).Address()
	switch {
	case in.Quarantine == "" || strings.EqualFold(in.Quarantine, vault):
		return nil
	case s.inPlace():
		return fmt.Errorf("the run that began it had the quarantine mailbox %s, and this one keeps messages in place; recover with a configuration that has that mailbox", in.Quarantine)
	case strings.EqualFold(in.Quarantine, in.Target.Mailbox):
		return fmt.Errorf("the run that began it kept messages in place, and this one has the quarantine mailbox %s; recover with a configuration that keeps messages in place", vault)
	}
	return fmt.Errorf("the run that began it had the quarantine mailbox %s, and this one has %s; recover with a configuration that has that one", in.Quarantine, vault)
}
