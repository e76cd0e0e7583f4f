package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// session is one run: the flags that all commands have, and the services that
// were opened.
type session struct {
	*program
	config string
	server string
	log    bool

	configs []quarantine.Config
	opened  map[string]*quarantine.Service // by name of the configuration

	mu sync.Mutex // keeps a result and its text together
}

func (s *session) globalFlags(flags *flag.FlagSet) {
	flags.StringVar(&s.config, "config", s.config, "configuration, a JSON `FILE`")
	flags.StringVar(&s.server, "server", s.server, "`NAME` of the configuration to use, where the file has several")
	flags.BoolVar(&s.log, "log", s.log, "log every call to the server on standard error")
}

// load reads the configurations and checks those that are enabled.
func (s *session) load() error {
	if s.config == "" {
		return usagef("-config FILE is missing")
	}
	all, err := quarantine.LoadConfigs(s.config)
	if err != nil {
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
		errs = append(errs, c.Validate())
		name := strings.ToLower(c.Name)
		if names[name] {
			errs = append(errs, fmt.Errorf("two configurations have the name %q; give each its own", c.Name))
		}
		names[name] = true
		s.configs = append(s.configs, *c)
	}
	if len(s.configs) == 0 {
		errs = append(errs, fmt.Errorf("%s: every configuration has enabled set to false", s.config))
	}
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// choose returns the configuration of a name, or the only one there is if name
// and -server are empty.
func (s *session) choose(name string) (*quarantine.Config, error) {
	if name == "" {
		name = s.server
	}
	if name == "" && len(s.configs) == 1 {
		return &s.configs[0], nil
	}
	var names []string
	for i := range s.configs {
		if name != "" && strings.EqualFold(s.configs[i].Name, name) {
			return &s.configs[i], nil
		}
		names = append(names, fmt.Sprintf("%q", s.configs[i].Name))
	}
	slices.Sort(names)
	if name == "" {
		return nil, usagef("the file has %d configurations; choose one with -server: %s", len(names), strings.Join(names, ", "))
	}
	return nil, usagef("no enabled configuration has the name %q; there are %s", name, strings.Join(names, ", "))
}

// selected loads the configurations and returns the one that -server names, or
// all that are enabled.
func (s *session) selected() ([]quarantine.Config, error) {
	if err := s.load(); err != nil {
		return nil, err
	}
	if s.server == "" {
		return s.configs, nil
	}
	one, err := s.choose("")
	if err != nil {
		return nil, err
	}
	return []quarantine.Config{*one}, nil
}

// open returns the service of a configuration.
func (s *session) open(c *quarantine.Config) (*quarantine.Service, error) {
	if q := s.opened[c.Name]; q != nil {
		return q, nil
	}
	opts := &quarantine.Options{}
	if s.log {
		opts.Logger = slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	q, err := quarantine.Open(c, opts)
	if err != nil {
		return nil, usageError{err}
	}
	if s.opened == nil {
		s.opened = make(map[string]*quarantine.Service)
	}
	s.opened[c.Name] = q
	return q, nil
}

func (s *session) close() error {
	var errs []error
	for _, q := range s.opened {
		errs = append(errs, q.Close())
	}
	return errors.Join(errs...)
}

// write writes a result and its text for people.
func (s *session) write(result any, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say("%s", text)
	return s.writeJSON(result)
}

// writeJSON writes one line of JSON on standard output.
func (s *session) writeJSON(result any) error {
	line, err := terminal.JSONLine(result)
	if err != nil {
		return err
	}
	if _, err := s.stdout.Write(line); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}
