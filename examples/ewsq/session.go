package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// session is one run: the global flags, and the services that were opened.
type session struct {
	*program
	config string
	// configFrom is where the name of the configuration came from, if not from -config.
	configFrom string

	server    string
	log       bool
	arguments []string // of the command
	often     bool     // progress is written every tick, even without a terminal

	logFormat string
	version   bool
	headed    bool // the names of the columns have been written

	configs  []exchange.Config  // the enabled ones
	router   *quarantine.Router // over the selected ones
	selected []exchange.Config
	patience *patience
	idle     idle // hook for all calls

	mu sync.Mutex // keeps a result and its text together
}

func (s *session) globalFlags(flags *flag.FlagSet) {
	addText(flags, &s.config, "config", "", "JSON `FILE` with one configuration, or an array of them (default $EWSQ_CONFIG, or ewsq/ewsq.json in your user configuration folder)")
	addText(flags, &s.server, "server", "", "use only the configuration with this `NAME`")
	flags.BoolVar(&s.json, "json", s.json, "write for programs only: no text or progress on standard error, and an error that ends the run as a line of JSON")
	flags.BoolVar(&s.often, "progress", s.often, "report progress on standard error every 10 seconds, even without a terminal; as JSON with -json")
	addChoice(flags, &s.output, "output", formats(), "`FORMAT` of standard output: table, json or csv (default table on a terminal, else json)")
	flags.BoolVar(&s.quiet, "quiet", s.quiet, "write no text on standard error except an error that ends the run")
	flags.BoolVar(&s.version, "version", s.version, "print what this program was built from")
	addChoice(flags, &s.logFormat, "log-format", []string{"text", asJSON}, "`FORMAT` of -log: text or json (default text, or json with -json)")
	flags.BoolVar(&s.log, "log", s.log, "log every call to the server on standard error, as JSON with -json")
}

// load reads the configurations and checks the enabled ones.
func (s *session) load() error {
	if err := s.place(); err != nil {
		return err
	}
	all, err := exchange.LoadConfigs(s.config)
	if err != nil {
		if s.configFrom != "" {
			err = fmt.Errorf("%s: %w", s.configFrom, err)
		}
		return usageError{err}
	}
	var errs []error
	names := make(map[string]bool)
	for i := range all {
		c := &all[i]
		if !c.IsEnabled() {
			continue
		}
		c.SecretsFromEnv(s.lookup)
		if s.server == "" || strings.EqualFold(c.Name, s.server) {
			errs = append(errs, c.Validate())
		}
		name := strings.ToLower(c.Name)
		if names[name] && name == "" {
			errs = append(errs, errors.New("several configurations have no name; give each its own, so that lines and receipts can tell them apart"))
		} else if names[name] {
			errs = append(errs, fmt.Errorf("two configurations have the name %q; give each its own", c.Name))
		}
		names[name] = true
		s.configs = append(s.configs, *c)
	}
	if len(s.configs) == 0 {
		errs = append(errs, fmt.Errorf("%s: every configuration has enabled set to false; set it to true in at least one", s.config))
	}
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// named returns the configuration with the given name.
func named(configs []exchange.Config, name string) (*exchange.Config, error) {
	var names []string
	for i := range configs {
		if strings.EqualFold(configs[i].Name, name) {
			return &configs[i], nil
		}
		if configs[i].Name != "" {
			names = append(names, fmt.Sprintf("%q", configs[i].Name))
		}
	}
	if len(names) == 0 {
		return nil, usagef("no enabled configuration has the name %q, and none has a name; leave it out, or give the configuration its name", name)
	}
	slices.Sort(names)
	return nil, usagef("no enabled configuration has the name %q; the names are %s", name, strings.Join(names, ", "))
}

// choose loads the configurations and selects the one that -server names, or all
// enabled ones.
func (s *session) choose() error {
	if err := s.load(); err != nil {
		return err
	}
	s.selected = s.configs
	if s.server == "" {
		return nil
	}
	one, err := named(s.configs, s.server)
	if err != nil {
		return usagef("-server: %w", err)
	}
	s.selected = []exchange.Config{*one}
	return nil
}

// several reports whether there is more than one server, so that results must name theirs.
func (s *session) several() bool { return len(s.selected) > 1 }

// open returns a router over the selected configurations; pace may be nil.
func (s *session) open(pace *paceFlags) (*quarantine.Router, error) {
	if s.atWork != nil {
		s.atWork()
	}
	perPayer, opts := 0, quarantine.RouterOptions{Logger: s.logger()}
	if pace != nil {
		perPayer = pace.perPayer()
		opts.PerServer, opts.MaxFailures = pace.atOnce(s.selected), pace.maxFailures
	}
	s.patience = newPatience(perPayer)
	r, err := exchange.OpenRouter(s.selected, &exchange.RouterOptions{
		Router: opts,
		OptionsFor: func(c *exchange.Config) *exchange.Options {
			return &exchange.Options{Logger: s.loggerOf(c.Name), Limiter: s.patience.limiter(c), CallHook: &s.idle}
		},
	})
	if err != nil {
		return nil, usageError{err}
	}
	s.router = r
	return r, nil
}

// loggerOf returns the logger for calls to one of several servers, which it names.
func (s *session) loggerOf(server string) *slog.Logger {
	logger := s.logger()
	if logger == nil || !s.several() {
		return logger
	}
	return logger.With("server", server)
}

// logger returns the logger for calls, or nil if they are not logged.
func (s *session) logger() *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelDebug}
	switch {
	case !s.log:
		return nil
	case s.logFormat == asJSON, s.json && s.logFormat == "":
		return slog.New(slog.NewJSONHandler(s.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(s.stderr, opts))
}

func (s *session) close() error {
	if s.router == nil {
		return nil
	}
	return s.router.Close()
}
