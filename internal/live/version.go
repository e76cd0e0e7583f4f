package live

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// version reports the version of the server.
func version(_ context.Context, l *Lab) error {
	build := l.user.client.Build()
	if build.IsZero() {
		l.Report.Add("version", "not told; using schema %s", l.user.client.Version())
		return nil
	}
	l.Report.Add("version", "build %s, using schema %s", build, l.user.client.Version())
	return nil
}

// needed are the checks of the self-test without which nothing works.
var needed = map[selftest.Name]bool{
	selftest.CheckEndpoint: true, selftest.CheckAuthentication: true, selftest.CheckEWSAllowed: true, selftest.CheckVersion: true,
	selftest.CheckFullAccess: true, selftest.CheckImpersonation: true, selftest.CheckQuarantineMailbox: true,
	selftest.CheckQuarantineFolder: true, selftest.CheckQuarantineWrite: true, selftest.CheckNamedProperties: true,
}

// selfTest runs the self-test that products use, with the lab's folder.
func selfTest(ctx context.Context, l *Lab) error {
	o := l.options()
	report, err := selftest.Check(ctx, &l.cfg, &selftest.Options{
		Mailboxes: []string{l.settings.Mailbox}, Transport: o.Transport, WrapTransport: o.WrapTransport,
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range report.Checks {
		l.Report.Add("self-test", "%s: %s: %s", strings.TrimSpace(string(c.Name)+" "+c.Mailbox), c.Status, c.Seen)
		if c.Status == selftest.Failed && needed[c.Name] {
			errs = append(errs, fmt.Errorf("self-test, %s: %s", c.Name, c.Seen))
		}
	}
	return errors.Join(errs...)
}
