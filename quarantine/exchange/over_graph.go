package exchange

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// The limiter that Open makes can reserve an export and its import together.
var _ graphmail.Limiter = (*throttle.Limiter)(nil)

// ThrottleOptions returns the options of a limiter of package throttle that suits the
// configuration's API, for programs that make their own Limiter for [Options]. For Graph
// they allow [graphmail.Concurrent] requests to each mailbox at a time; for EWS they are
// the defaults.
func (c *Config) ThrottleOptions() throttle.Options {
	if c.API != APIGraph {
		return throttle.Options{}
	}
	return throttle.Options{PerPayer: graphmail.Concurrent, Limits: map[string]int{graphmail.DirectoryPayer: throttle.DefaultPerPayer}}
}

// overGraph returns the driver over Microsoft Graph.
func (c *Config) overGraph(conn *Connection, o *Options) (driver.Strategy, error) {
	var hook graphmail.Hook
	if o.CallHook != nil {
		if _, ok := o.CallHook.(ews.Gate); ok {
			return nil, driver.Invalid("options", "CallHook", `is an ews.Gate, which is asked before requests of EWS are sent, and api of the configuration is "graph"; use a Hook without TraceCallSend`)
		}
		hook = callHook{o.CallHook}
	}
	if o.Logger != nil {
		hook = graphLog{o.Logger, hook}
	}
	signedIn, err := conn.SignIn(c.GraphURL)
	if err != nil {
		return nil, err
	}
	var limiter graphmail.Limiter
	if o.Limiter != nil {
		limiter = o.Limiter
	} else if limiter, err = throttle.New(new(c.ThrottleOptions())); err != nil {
		return nil, err
	}
	ways := []driver.Way{driver.WayTransfer}
	if c.RecreateMessages {
		ways = append(ways, driver.WayRecreate)
	}
	settings := &graphmail.Options{
		Root: c.GraphURL, ImportTransport: conn.Base(), Limiter: limiter, UserAgent: o.UserAgent,
		StallTimeout: time.Duration(c.StallTimeout), ScanRecoverableItems: c.ScanRecoverableItems, Ways: ways,
		QuarantineMailbox: c.QuarantineMailbox, Hook: hook, Wire: o.Wire, WireBodies: o.WireBodies,
	}
	if c.QuarantineInPlace {
		return graphmail.NewInPlace(signedIn, settings)
	}
	return graphmail.New(signedIn, settings)
}
