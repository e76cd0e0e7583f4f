package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

const help = `service takes alerts about malicious messages over HTTP and quarantines them.

Usage:

    service -config FILE [flags]

    POST /alerts               {"mailboxes":["a@example.com"],"messageId":"<…>","reason":"…"}
    GET  /alerts/{id}          its state, and a receipt or an error for each mailbox
    POST /alerts/{id}/restore  puts back what was taken
    GET  /healthz, /readyz     ready once what an earlier run left is settled

The configuration is that of ewsq: a JSON object, or an array of them. Passwords
may stand in the environment instead: EWSQ_PASSWORD and EWSQ_PFX_PASSWORD, or
with the name of the configuration behind (EWSQ_PASSWORD_HEAD_OFFICE).

With SERVICE_TOKEN in the environment, callers have to send it as a bearer token.
Without it the service can only be reached from this machine.

The first line on standard output is JSON: {"url":"…"}. The log goes to standard
error. After an interrupt nothing more is begun, and what is in work is given
time to end; what is then left is finished at the next start.

Exit status: 0 after a signal, 1 if it could not go on, 2 for bad usage or
configuration.

Flags:

`

// envToken is the environment variable with the token of callers.
const envToken = "SERVICE_TOKEN"

// settings are the flags.
type settings struct {
	config, addr, data string
	workers, queue     int
	grace              time.Duration
}

// errUsage marks mistakes of who started the service.
var errUsage = errors.New("see service -help")

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, lookup func(string) (string, bool)) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = s.serve(ctx, stdout, stderr, lookup)
	}
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "service:", terminal.Escape(strings.TrimSuffix(line, "\n")))
	}
	if errors.Is(err, errUsage) || errors.Is(err, quarantine.ErrInvalid) {
		return 2
	}
	return 1
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.config, "config", "", "configuration, a JSON `FILE`")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8081", "`ADDRESS` to listen on; port 0 takes a free one")
	flags.StringVar(&s.data, "data", "", "`DIR` for the alerts, made if it is missing; without it they are lost when the service ends")
	flags.IntVar(&s.workers, "workers", 4, "how many alerts are in work at a time")
	flags.IntVar(&s.queue, "queue", 1000, "how many may wait before further ones are refused")
	flags.DurationVar(&s.grace, "grace", 30*time.Second, "`TIME` that what is in work is given after a signal")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, help)
			flags.SetOutput(stderr)
			flags.PrintDefaults()
			return s, err
		}
		return s, fmt.Errorf("%w; %w", err, errUsage)
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("there is no argument %q; %w", flags.Arg(0), errUsage)
	case s.config == "":
		return s, fmt.Errorf("-config FILE is missing; %w", errUsage)
	case s.workers < 1 || s.workers > 64:
		return s, fmt.Errorf("-workers is %d; give a number from 1 to 64; %w", s.workers, errUsage)
	case s.queue < 1 || s.queue > 100_000:
		return s, fmt.Errorf("-queue is %d; give a number from 1 to 100000; %w", s.queue, errUsage)
	case s.grace < 0:
		return s, fmt.Errorf("-grace is %v; give a time such as 30s; %w", s.grace, errUsage)
	}
	return s, nil
}
