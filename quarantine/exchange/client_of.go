package exchange

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ClientOf returns the EWS client with which a service works in a mailbox: signed in, with
// the proxy, limiter, hook and log of the service, and acting as the owner of the mailbox
// or, with FullAccess, as the service account for it, which names the mailbox in each
// [ews.DistinguishedFolder]. [ews.Client.Do] sends what it has no method for. It does no
// I/O, and can be used until the service is closed.
//
// It is for what a service has no method for. What is changed in the quarantine mailbox,
// or to messages on their way there, the service takes for the work of a person.
//
// The error says that the address is none, or that the strategy of the service is not one
// of package ewsmail, nor wraps one.
func ClientOf(s *quarantine.Service, mailbox string) (*ews.Client, error) {
	if s == nil {
		return nil, driver.Invalid("arguments", "service", "is nil; pass one, for example from Open")
	}
	if err := mailname.CheckAddress(mailbox); err != nil {
		return nil, driver.Invalid("arguments", "mailbox", err.Error())
	}
	m, ok := driver.As[interface{ Client() *ews.Client }](s.Strategy().Mailbox(mailbox))
	if !ok {
		return nil, driver.Invalid("arguments", "service", "has the strategy "+s.Strategy().Name()+", which is not one of package ewsmail, so it has no EWS client")
	}
	return m.Client(), nil
}
