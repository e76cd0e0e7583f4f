package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

const help = `service takes alerts about malicious messages over HTTP and quarantines them.

Usage:

    service -config FILE [flags]

    POST /alerts               {"mailboxes":["a@example.com"],"messageId":"<…>","reason":"…"}
    GET  /alerts/{id}          its state (queued, running, undecided or done), and a
                               receipt or an error for each mailbox
    POST /alerts/{id}/restore  puts back what was taken
    GET  /reports              the last 1000 user reports, and what became of them
    GET  /reports/{id}         one report, with what it means: do not display it
                               unescaped
    GET  /metrics              what was done since the start, for Prometheus
    GET  /debug/vars           the same as JSON, and the memory of the process
    GET  /healthz              whether the process is alive and need not be restarted
    GET  /readyz               whether an alert posted now is worked on soon

An alert is undecided while it is not known where one of its messages is,
because a request may still take effect. It is not retried immediately: after
-settle, and at the next start, the journal is recovered and the alert is run
again.

Work on one mailbox may take up to -timeout; after that its result is an error,
or the alert is undecided. If other alerts are being worked on in the same
mailbox, an alert waits for it without holding a worker, so a mailbox that does
not answer holds at most one. /readyz answers 503 while work that an earlier run
left open is being finished, while the service is stopping, when -queue alerts
are waiting, when an alert has waited for a worker for longer than -late, and
when work cannot be recorded because a disk is full or read-only or a file could
not be written. In the last case /healthz answers 503 as well: start the service
again.

With -reports the service reads a mailbox to which users report mail. The
reported messages are matched against the rules of -rules:

    {"rules":[{"name":"fake bank","senders":["evil.example"],"linkHosts":["login.evil.example"],"sha256":["…"]}]}

One mark is enough: an address or domain of the sender, the host of a link, the
content of an attachment. It creates an alert, with the report in its field
report, for the reporter and all recipients. Since a report may be forged, the
search is for the mark and the subject, at most 14 days back: only a message
that has the mark itself is taken. This needs messageIdSearch in the
configuration. Reports that match no rule are left to people; in GET /reports
they have no rules. Once dealt with, a report is moved to the folder
Reported/Done. With -reply the reporter is answered when the alerts are done.
The file is a Go text template, in which {{.Data.Rules}}, {{.Data.Taken}} and
{{.Data.Failed}} are the rules that decided, and the number of mailboxes in
which something was taken or could not be. Over EWS with fullAccess this needs
the right to send as the mailbox.

The configuration is the same as for ewsq: a JSON object, or an array of them.
Secrets can be set in the environment instead: EWSQ_PASSWORD, EWSQ_PFX_PASSWORD,
EWSQ_CLIENT_CERTIFICATE_PASSWORD and EWSQ_STAMP_KEY, or with the name of the
configuration appended (EWSQ_PASSWORD_HEAD_OFFICE).

If SERVICE_TOKEN is set in the environment, callers must send it in the header
Authorization: Bearer TOKEN. Without it, the service listens only on this
machine and serves only programs on it: requests under another host name or
through a proxy are refused. It recognises a proxy by the headers Forwarded,
X-Forwarded-For, X-Real-Ip and Via. A proxy on this machine that sends none of
them, and localhost as the host name, passes for a program on this machine, and
so does anyone who can reach that proxy. Always set SERVICE_TOKEN behind a
proxy, a tunnel or a forwarded port, and on a machine that others work on.

With or without a token, the service refuses requests that a page of another
website makes a browser send (Origin, Sec-Fetch-Site), and every POST without
Content-Type: application/json. /healthz and /readyz answer anyone who reaches
the service; they reveal nothing about mail.

At most -connections connections are served at a time, and other callers wait;
an idle connection is closed for them. A caller has 5 seconds to send the
header, of at most 16 KiB, 30 seconds to send the whole request, of at most 1
MiB, and a minute to take the answer; an idle connection is closed after 2
minutes.

The first line on standard output is JSON: {"url":"…"}. The log goes to standard
error. After an interrupt, no new work is started and work in progress is given
time to finish; the rest is finished at the next start.

Exit status: 0 after a signal, 1 after an error, 2 for bad usage or
configuration, and for a damaged journal or damaged alerts, where starting again
does not help.

Flags:

`

// envToken is the environment variable with the token that callers must send.
const envToken = "SERVICE_TOKEN"

// settings are the flags.
type settings struct {
	config, addr, data string
	workers, queue     int
	connections        int
	grace, settle      time.Duration
	timeout, late      time.Duration
	reports            reportSettings
	disks              []string // directories in which files are written; not a flag
}

// errUsage marks mistakes by whoever started the service.
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
	for _, lasting := range []error{
		errUsage, quarantine.ErrInvalid, fs.ErrNotExist, fs.ErrPermission, boltjournal.ErrDamaged, boltjournal.ErrNewer, sealedfile.ErrDamaged, sealedfile.ErrNewer, sealedfile.ErrOther,
	} {
		if errors.Is(err, lasting) {
			return 2
		}
	}
	return 1
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.config, "config", "", "JSON `FILE` with the configuration")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8081", "`ADDRESS` to listen on; port 0 means any free port")
	flags.StringVar(&s.data, "data", "", "`DIR` for the alerts, created if missing; without it, they are lost when the service ends")
	flags.IntVar(&s.workers, "workers", 4, "`NUMBER` of alerts to process at a time")
	flags.IntVar(&s.queue, "queue", 1000, "`NUMBER` of alerts that may wait before new ones are refused")
	flags.IntVar(&s.connections, "connections", 256, "`NUMBER` of connections that may be open at a time; further callers wait")
	flags.DurationVar(&s.grace, "grace", 30*time.Second, "`TIME` that work in progress has to finish after a signal")
	flags.DurationVar(&s.settle, "settle", 22*time.Minute, "`TIME` after which undecided alerts are looked at again; with writeDoubt or searchLag in the configuration, set it to a third more than writeDoubt, plus searchLag")
	flags.DurationVar(&s.timeout, "timeout", 10*time.Minute, "`TIME` that work on one mailbox may take")
	flags.DurationVar(&s.late, "late", time.Minute, "`TIME` that an alert may wait for a worker before /readyz reports that the service is not ready")
	s.reports.add(flags)
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
		return s, fmt.Errorf("unexpected argument %q; %w", flags.Arg(0), errUsage)
	case s.config == "":
		return s, fmt.Errorf("-config FILE is missing; %w", errUsage)
	case s.workers < 1 || s.workers > 64:
		return s, fmt.Errorf("-workers is %d; give a number from 1 to 64; %w", s.workers, errUsage)
	case s.queue < 1 || s.queue > 100_000:
		return s, fmt.Errorf("-queue is %d; give a number from 1 to 100000; %w", s.queue, errUsage)
	case s.connections < 1 || s.connections > 10_000:
		return s, fmt.Errorf("-connections is %d; give a number from 1 to 10000; %w", s.connections, errUsage)
	case s.settle <= 0:
		return s, fmt.Errorf("-settle is %v; give a duration such as 22m; %w", s.settle, errUsage)
	case s.timeout <= 0:
		return s, fmt.Errorf("-timeout is %v; give a duration such as 10m; %w", s.timeout, errUsage)
	case s.late <= 0:
		return s, fmt.Errorf("-late is %v; give a duration such as 1m; %w", s.late, errUsage)
	case s.grace < 0:
		return s, fmt.Errorf("-grace is %v; give a duration such as 30s; %w", s.grace, errUsage)
	}
	return s, s.reports.check()
}
