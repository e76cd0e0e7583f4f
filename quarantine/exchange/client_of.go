package exchange

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ClientOf returns the EWS client that a service uses for a mailbox: signed in, with the
// proxy, limiter, hook and log of the service. It acts as the owner of the mailbox or, with
// FullAccess, as the service account, whose requests must name the mailbox in each
// [ews.DistinguishedFolder]. ClientOf does no I/O, and the client can be used until the
// service is closed.
//
// Use it for what a service has no method for; [ews.Client.Do] sends requests that the
// client has no method for. The service takes changes in the quarantine mailbox, or to
// messages on their way there, for the work of a person.
//
// It returns an error if the address is not valid, or if the strategy of the service is not
// one of package ewsmail and does not wrap one.
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
