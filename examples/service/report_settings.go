package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// reportSettings are the flags about reports.
type reportSettings struct {
	mailboxes, domains list
	rules, reply       string
	pause              time.Duration
}

// list is a flag that may be repeated.
type list []string

// String returns the values, separated by commas.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds a value.
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

func (s *reportSettings) add(flags *flag.FlagSet) {
	flags.Var(&s.mailboxes, "reports", "`ADDRESS` of a mailbox to which users report mail; may be repeated")
	flags.StringVar(&s.rules, "rules", "", "JSON `FILE` with the rules for which reported messages are taken; without it, none are")
	flags.StringVar(&s.reply, "reply", "", "`FILE` with the template of the answer to reporters; without it, nobody is answered")
	flags.DurationVar(&s.pause, "report-pause", time.Minute, "`TIME`, at most 1h, after which a report that could not be dealt with is tried again")
	flags.Var(&s.domains, "reply-domain", "`DOMAIN` whose reporters are answered; may be repeated")
}

// check refuses flags that do not go together.
func (s *reportSettings) check() error {
	switch {
	case len(s.mailboxes) == 0 && (s.rules != "" || s.reply != "" || len(s.domains) > 0):
		return fmt.Errorf("-rules, -reply and -reply-domain are for -reports ADDRESS, which is missing; %w", errUsage)
	case s.pause <= 0 || s.pause > time.Hour:
		return fmt.Errorf("-report-pause is %v; give a duration such as 1m, at most 1h; %w", s.pause, errUsage)
	case (s.reply == "") != (len(s.domains) == 0):
		return fmt.Errorf("-reply and -reply-domain go together: a stranger must not be told that the mailbox is read; %w", errUsage)
	}
	for _, m := range s.mailboxes {
		if err := (quarantine.Target{Mailbox: m, MessageID: "<any@example.com>"}).Validate(); err != nil {
			return fmt.Errorf("-reports %q: %s; %w", m, problemsOf(err), errUsage)
		}
	}
	return nil
}

// maxReply is the maximum length of a template, in bytes.
const maxReply = 64 << 10

// open reads the files of the settings. It returns nil if no mailbox is watched.
func (s *reportSettings) open(configs []exchange.Config, log *slog.Logger) (*reports, error) {
	if len(s.mailboxes) == 0 {
		return nil, nil
	}
	rs := &reports{
		log: log, keys: make(map[string][][]byte), slots: make(chan struct{}, reportsAtOnce),
		opts: reported.Options{Logger: log, Pause: s.pause},
	}
	var err error
	if s.rules != "" {
		if rs.rules, err = readRules(s.rules); err != nil {
			return nil, fmt.Errorf("-rules: %w; %w", err, errUsage)
		}
	}
	if s.reply != "" {
		text, err := readReply(s.reply)
		if err != nil {
			return nil, fmt.Errorf("-reply: %w; %w", err, errUsage)
		}
		rs.opts.Answer = &reported.Answer{Text: text, Domains: s.domains}
	}
	for i := range configs {
		c := &configs[i]
		if !c.IsEnabled() {
			continue
		}
		if len(rs.rules) > 0 && !c.CriteriaSearch {
			return nil, fmt.Errorf("-rules needs \"messageIdSearch\": true in %s, since what a rule says is searched for; %w", called(c.Name), errUsage)
		}
		if rs.keys[c.Name], err = c.ReadStampKeys(); err != nil {
			return nil, fmt.Errorf("-config: %w; %w", err, errUsage)
		}
		if len(rs.keys[c.Name]) == 0 {
			log.Warn("without stampKey, a sender may forge what stands on a report, and hide it", "server", c.Name)
		}
	}
	return rs, nil
}

func readReply(path string) (*template.Template, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxReply+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxReply {
		return nil, fmt.Errorf("%s is longer than 64 KiB", path)
	}
	return template.New("reply").Option("missingkey=error").Parse(string(text))
}

// called returns how to refer to a configuration, which has a name if there are several.
func called(name string) string {
	if name == "" {
		return "the configuration"
	}
	return fmt.Sprintf("the configuration %q", name)
}
