package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

const help = `quarantined takes malicious mail out of mailboxes for a fleet of processes.

Usage:

    quarantined COMMAND -config FILE [flags] [CAMPAIGN]

    migrate           create the tables in the database, or bring them up to date
    work              run jobs, accept alerts over HTTP and show campaigns, until a
                      signal
    enqueue           store a campaign for the messages in -targets FILE (CSV or
                      JSON lines)
    list              list the latest campaigns
    status CAMPAIGN   show how far a campaign has got; with -targets, one line per
                      target
    cancel CAMPAIGN   take no more; what was taken stays in quarantine
    restore CAMPAIGN  take no more, and put back what was taken; with -target, only
                      one message

The configuration is a JSON object: databaseUrl, and in "exchange" the
configuration of ewsq, an object or an array of them. README.md describes the
rest. Secrets can be set in the environment: QUARANTINED_DATABASE_URL,
QUARANTINED_TOKEN, and those of ewsq, such as EWSQ_PASSWORD.

Results are JSON lines on standard output; messages and the log go to standard
error. Exit status: 0 done, 1 after an error, 2 for bad usage or configuration.
enqueue, cancel and restore only store what is to be done; status shows how far
it is.
`

// errUsage marks errors that another start with the same arguments would not fix.
var errUsage = errors.New("see quarantined -help")

// program is a run of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
	ready          func(url string) // for tests: called when the server listens
}

// command is one of the commands.
type command struct {
	name, file string // as in -config
	campaign   string
	targets    string // of enqueue
	each       bool   // of status
	target     string // of restore
	reason, by string
	forwards   bool
}

// run runs a command and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	err := again(p.do(ctx, args))
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage), errors.Is(err, quarantine.ErrInvalid):
		fmt.Fprintln(p.stderr, "quarantined:", err)
		return 2
	}
	fmt.Fprintln(p.stderr, "quarantined:", err)
	return 1
}

func (p *program) do(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "-help" || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		fmt.Fprint(p.stderr, help)
		if len(args) == 0 {
			return fmt.Errorf("no command; %w", errUsage)
		}
		return nil
	}
	c, err := p.parse(args)
	if err != nil {
		return err
	}
	s, err := loadSettings(c.file, p.lookup)
	if err != nil {
		return fmt.Errorf("-config %s: %w; %w", c.file, err, errUsage)
	}
	pool, err := s.pool(ctx, c.silence())
	if err != nil {
		return err
	}
	defer pool.Close()
	if c.name == "migrate" {
		if err := fleet.Migrate(ctx, pool); err != nil {
			return err
		}
		return p.print(map[string]string{"status": "the tables are up to date"})
	}
	campaigns, err := fleet.NewCampaigns(pool, nil)
	if err != nil {
		return err
	}
	if c.name == "work" {
		return p.work(ctx, s, pool, campaigns, slog.New(slog.NewJSONHandler(p.stderr, nil)))
	}
	if err := checkSchema(ctx, pool); err != nil {
		return err
	}
	if c.name == "enqueue" {
		return p.enqueue(ctx, c, campaigns)
	}
	return p.about(ctx, c, campaigns)
}

// again adds what to do to an error that leaves open whether the database did what it was
// asked to.
func again(err error) error {
	if errors.Is(err, fleet.ErrUnreachable) {
		return fmt.Errorf("%w; then give the command again, which does no harm", err)
	}
	return err
}

// parse reads the flags of a command.
func (p *program) parse(args []string) (*command, error) {
	c := &command{name: args[0]}
	flags := flag.NewFlagSet("quarantined "+c.name, flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	flags.StringVar(&c.file, "config", "", "configuration `FILE`")
	named := false
	switch c.name {
	case "migrate", "work", "list":
	case "enqueue":
		flags.StringVar(&c.targets, "targets", "", "`FILE` with the messages, CSV or JSON lines; - for standard input")
		flags.StringVar(&c.campaign, "campaign", "", "`NAME` of the campaign; a new name if left out")
		flags.StringVar(&c.reason, "reason", "", "`TEXT` that gives the reason for targets that have none")
		flags.StringVar(&c.by, "by", "", "`NAME` of the person who asks for it")
		flags.BoolVar(&c.forwards, "follow-forwards", false, "also take messages that were forwarded")
	case "status":
		flags.BoolVar(&c.each, "targets", false, "write one line per target, with its receipts")
		named = true
	case "cancel":
		named = true
	case "restore":
		flags.StringVar(&c.target, "target", "", "restore only the target with this `KEY`, as shown by status -targets")
		named = true
	default:
		return nil, fmt.Errorf("unknown command %q; %w", c.name, errUsage)
	}
	if err := flags.Parse(args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			err = fmt.Errorf("%w; %w", err, errUsage)
		}
		return nil, err
	}
	rest := flags.Args()
	if named && len(rest) > 0 {
		// Flags may also follow the campaign.
		c.campaign = rest[0]
		if err := flags.Parse(rest[1:]); err != nil {
			return nil, fmt.Errorf("%w; %w", err, errUsage)
		}
		rest = flags.Args()
	}
	switch {
	case len(rest) > 0:
		return nil, fmt.Errorf("unexpected argument %q; %w", rest[0], errUsage)
	case c.file == "":
		return nil, fmt.Errorf("-config FILE is missing; %w", errUsage)
	case named && c.campaign == "":
		return nil, fmt.Errorf("the name of the campaign is missing; %w", errUsage)
	case c.name == "enqueue" && c.targets == "":
		return nil, fmt.Errorf("-targets FILE is missing; %w", errUsage)
	}
	return c, nil
}

// print writes a JSON line.
func (p *program) print(v any) error {
	out := json.NewEncoder(p.stdout)
	out.SetEscapeHTML(false)
	return out.Encode(v)
}
