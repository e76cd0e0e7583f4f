package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// RouterOptions are the options of [OpenRouter] beyond the configurations.
// nil or the zero value means the defaults.
type RouterOptions struct {
	// Router are the options of the router itself. The default of PerServer is three times
	// the highest throttling.concurrency of the configurations, where
	// [throttle.DefaultPerPayer] stands for one that is not set; if all use Graph, it is the
	// router's own default.
	Router quarantine.RouterOptions

	// Hook and CallHook are called for the services of all configurations, except those
	// that OptionsFor gives their own. Default: none.
	Hook     quarantine.Hook
	CallHook ews.Hook

	// OptionsFor returns the options for opening the service of a configuration.
	// Default: nil for each.
	OptionsFor func(*Config) *Options
}

// OpenRouter makes a [quarantine.Router] from configurations: it calls [Open] for each that
// is enabled and ignores the others, without checking them. It contacts no server. The
// error joins everything that is wrong with the configurations, alone and in combination;
// nothing is then left open.
func OpenRouter(configs []Config, opts *RouterOptions) (*quarantine.Router, error) {
	var o RouterOptions
	if opts != nil {
		o = *opts
	}
	var enabled []*Config
	var errs []error
	for i := range configs {
		if configs[i].IsEnabled() {
			enabled = append(enabled, &configs[i])
			errs = append(errs, configs[i].Validate())
		}
	}
	if len(enabled) == 0 {
		return nil, driver.Invalid("configuration", "enabled", fmt.Sprintf("is false in all %d configurations; set it to true in one", len(configs)))
	}
	if err := errors.Join(append(errs, distinct(enabled))...); err != nil {
		return nil, err
	}
	if o.OptionsFor == nil {
		o.OptionsFor = func(*Config) *Options { return nil }
	}
	if o.Router.PerServer == 0 {
		o.Router.PerServer = perServer(enabled)
	}
	var routes []quarantine.Route
	undo := func(err error) (*quarantine.Router, error) {
		errs := []error{err}
		for _, rt := range routes {
			errs = append(errs, rt.Service.Close())
		}
		return nil, errors.Join(errs...)
	}
	for _, c := range enabled {
		s, err := Open(c, o.forService(c))
		if err != nil && c.Name != "" {
			err = &quarantine.ServerError{Server: c.Name, Err: err}
		}
		if err != nil {
			return undo(err)
		}
		routes = append(routes, quarantine.Route{Service: s, Domains: c.Domains, Mailboxes: c.Mailboxes})
	}
	r, err := quarantine.NewRouter(routes, &o.Router)
	if err != nil {
		return undo(ofConfigurations(err))
	}
	return r, nil
}

// perServer returns how many targets it takes to keep the calls in use that the
// configurations allow, or 0 for the router's default. Over Graph, calls share no requests.
func perServer(configs []*Config) int {
	targets := 0
	for _, c := range configs {
		if c.API != APIGraph {
			targets = max(targets, 3*cmp.Or(c.Throttling.Concurrency, throttle.DefaultPerPayer))
		}
	}
	return targets
}

// forService returns the options for a configuration.
func (o *RouterOptions) forService(c *Config) *Options {
	var own Options
	if given := o.OptionsFor(c); given != nil {
		own = *given
	}
	if own.Hook == nil {
		own.Hook = o.Hook
	}
	if own.CallHook == nil {
		own.CallHook = o.CallHook
	}
	return &own
}

// ofConfigurations rewrites errors of [quarantine.NewRouter] about routes as
// errors about the configurations that the routes were made from.
func ofConfigurations(err error) error {
	problems := quarantine.Problems(err)
	if len(problems) == 0 {
		return err
	}
	errs := make([]error, len(problems))
	for i, p := range problems {
		what := p.What
		if name, ok := strings.CutPrefix(what, "route"); ok && (name == "" || name[0] == ' ') {
			what = "configuration" + name
		}
		errs[i] = driver.Invalid(what, p.Field, p.Problem)
	}
	return errors.Join(errs...)
}

// distinct reports what two configurations must not share and can only be
// checked before they are opened.
func distinct(configs []*Config) error {
	var errs []error
	for i, c := range configs {
		v := &configCheck{name: c.Name}
		for _, other := range configs[:i] {
			if sameFile(c.JournalFile, other.JournalFile) {
				v.problem("journalFile", fmt.Sprintf("is also the file of %q; give each a separate journal", other.Name))
			}
			if sameQuarantine(c, other) {
				v.problem("quarantineFolder", fmt.Sprintf("is also the folder of %q on the same server; give each a separate folder", other.Name))
			}
		}
		errs = append(errs, v.errs...)
	}
	return errors.Join(errs...)
}

// sameFile reports whether two paths lead to one file, even if it does not exist
// yet.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	if errA == nil && errB == nil && absA == absB {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// sameQuarantine reports whether two configurations put messages into the same
// folder.
func sameQuarantine(a, b *Config) bool {
	a, b = new(a.WithDefaults()), new(b.WithDefaults())
	same := sameServer(a.EWSURL, b.EWSURL) && strings.EqualFold(a.QuarantineMailbox, b.QuarantineMailbox)
	if a.QuarantineInPlace || b.QuarantineInPlace {
		same = a.QuarantineInPlace && b.QuarantineInPlace && a.Authentication.TenantID != "" &&
			strings.EqualFold(a.Authentication.TenantID, b.Authentication.TenantID)
	}
	return same && strings.EqualFold(a.QuarantineFolder, b.QuarantineFolder)
}

// sameServer reports whether two URLs certainly lead to one server. Two empty
// URLs count as one: for the same quarantine mailbox, Autodiscover finds the same.
func sameServer(a, b string) bool {
	u, errA := url.Parse(a)
	w, errB := url.Parse(b)
	return errA == nil && errB == nil && strings.EqualFold(u.Host, w.Host)
}
