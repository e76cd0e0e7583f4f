package exchange

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// RouterOptions are the options of [OpenRouter] beyond the configurations.
// nil or the zero value means the defaults.
type RouterOptions struct {
	// Router are the options of the router itself.
	Router quarantine.RouterOptions

	// OptionsFor returns the options with which the service of a configuration
	// is opened. Default: nil for each.
	OptionsFor func(*Config) *Options
}

// OpenRouter makes a [quarantine.Router] from configurations: it opens a [quarantine.Service] for each
// that is enabled, by [Open], and leaves the others out unread. It talks to no
// server. The error joins all that is wrong with the configurations, alone and
// together; then nothing stays open.
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
	var routes []quarantine.Route
	undo := func(err error) (*quarantine.Router, error) {
		errs := []error{err}
		for _, rt := range routes {
			errs = append(errs, rt.Service.Close())
		}
		return nil, errors.Join(errs...)
	}
	for _, c := range enabled {
		s, err := Open(c, o.OptionsFor(c))
		if err != nil {
			return undo(&quarantine.ServerError{Server: c.Name, Err: err})
		}
		routes = append(routes, quarantine.Route{Service: s, Domains: c.Domains, Mailboxes: c.Mailboxes})
	}
	r, err := quarantine.NewRouter(routes, &o.Router)
	if err != nil {
		return undo(ofConfigurations(err))
	}
	return r, nil
}

// ofConfigurations returns what [quarantine.NewRouter] says of routes, said of the
// configurations that they were made from.
func ofConfigurations(err error) error {
	problems := quarantine.Problems(err)
	if len(problems) == 0 {
		return err
	}
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = driver.Invalid("configuration"+strings.TrimPrefix(p.What, "route"), p.Field, p.Problem)
	}
	return errors.Join(errs...)
}

// distinct reports what two configurations may not have in common and can only
// be seen before they are opened.
func distinct(configs []*Config) error {
	var errs []error
	for i, c := range configs {
		v := &configCheck{name: c.Name}
		for _, other := range configs[:i] {
			if sameFile(c.JournalFile, other.JournalFile) {
				v.problem("journalFile", fmt.Sprintf("is the file of %q, too; give each a journal of its own", other.Name))
			}
			if sameQuarantine(c, other) {
				v.problem("quarantineFolder", fmt.Sprintf("is the folder of %q on the same server, too; give each a folder of its own", other.Name))
			}
		}
		errs = append(errs, v.errs...)
	}
	return errors.Join(errs...)
}

// sameFile reports whether two paths lead to one file, also if it is yet to be
// created.
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

// sameQuarantine reports whether two configurations put messages into one
// folder.
func sameQuarantine(a, b *Config) bool {
	a, b = new(a.WithDefaults()), new(b.WithDefaults())
	return sameServer(a.EWSURL, b.EWSURL) &&
		strings.EqualFold(a.QuarantineMailbox, b.QuarantineMailbox) && strings.EqualFold(a.QuarantineFolder, b.QuarantineFolder)
}

// sameServer reports whether two URLs surely lead to one server. Where there are
// none, the servers are found from the addresses of the quarantine mailboxes.
func sameServer(a, b string) bool {
	u, errA := url.Parse(a)
	w, errB := url.Parse(b)
	return errA == nil && errB == nil && strings.EqualFold(u.Host, w.Host)
}
