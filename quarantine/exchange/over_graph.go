package exchange

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// The limiter that Open makes can promise an export and its import at once.
var _ graphmail.Limiter = (*throttle.Limiter)(nil)

// overGraph returns the driver over Microsoft Graph.
func (c *Config) overGraph(conn *Connection, o *Options) (driver.Strategy, error) {
	const ofEWS = `is for requests of EWS, and api of the configuration is "graph"; leave it out`
	if o.CallHook != nil {
		return nil, driver.Invalid("options", "CallHook", ofEWS)
	}
	if o.Wire != nil {
		return nil, driver.Invalid("options", "Wire", ofEWS)
	}
	signedIn, err := conn.SignIn(c.GraphURL)
	if err != nil {
		return nil, err
	}
	var limiter graphmail.Limiter
	if o.Limiter != nil {
		limiter = o.Limiter
	} else if limiter, err = throttle.New(&throttle.Options{PerPayer: graphmail.Concurrent, Limits: map[string]int{graphmail.DirectoryPayer: throttle.DefaultPerPayer}}); err != nil {
		return nil, err
	}
	return graphmail.New(signedIn, &graphmail.Options{
		Root: c.GraphURL, ImportTransport: conn.Base(), Limiter: limiter, UserAgent: o.UserAgent,
		StallTimeout: time.Duration(c.StallTimeout), ScanRecoverableItems: c.ScanRecoverableItems,
		QuarantineMailbox: c.QuarantineMailbox,
	})
}
