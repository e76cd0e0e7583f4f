package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

const help = `exchange runs the Exchange for tests as a server, until it is interrupted.

Usage:

    exchange [flags]

The domain is example.test, with the mailboxes alice, bob, carol and quarantine
and the distribution list all-staff. The owner of each mailbox signs in as
NAME@example.test or EXAMPLE\NAME with the password NAME-password, and so does
the service account svc (svc-password), which has FullAccess to all mailboxes
and the right to impersonate their owners.

A scenario, a JSON file, describes a different organisation: mailboxes, rights,
lists, messages, budgets, faults, policies, and people who act between requests.
Its fields are documented at ewstest.Scenario (go doc ./ews/ewstest Scenario),
the faults at ewstest.Fault. testdata/scenarios has examples: adverse.json has a
server that fails, an owner who files messages, and a retention policy.

With -odd the server behaves like old versions, gateways and other products that
speak EWS. -odd=noTransfer,noItemIds selects oddities; -odd=all,-nanoseconds
leaves one out; -odd=all,twoAnswers is everything. The selection replaces that
of the scenario. The names are:
NAMES.
Each is described in the documentation of ewstest.Oddities.

It has these operations of Exchange Web Services. Anything that real servers
support in one of them and this one does not is refused, and all other
operations are refused by name:
OPERATIONS.

With -auth bearer the server also acts as Azure AD with one tenant
(example.test) and the applications given by -app or the scenario. In the first
line, "authority" is the authentication endpoint, and "tenantId" the tenant.

With -throttling it charges budgets as Exchange does: calls in flight,
milliseconds of work that recharge, delays above the line, ErrorServerBusy with
a hint at the cut-off. A policy is a list separated by commas. The first entry
may be default, which is the default policy of the version, or the name of
another version. NAME=NUMBER then sets the parameter of New-ThrottlingPolicy
with that name: EwsMaxConcurrency, EwsMaxBurst, EwsRechargeRate,
EwsCutoffBalance, EwsFindCountLimit, EwsPercentTimeInCAS and so on; NAME=TIME
sets LockOut, MaxDelay and BatchLimit; OPERATION=CALL+ITEM is the cost of an
operation, per call and per item, and * stands for all others:
ExportItems=10ms+50ms,*=5ms+10ms. See the documentation of ewstest.Throttling.

    exchange -throttling default,EwsMaxBurst=10000,EwsCutoffBalance=60000,LockOut=1m

On exit, it reports what the ten payers with the highest costs have used up.

For measurements, -fill creates many mailboxes, and -targets writes a file of
targets for ewsq:

    exchange -latency 20ms -fill 1000x1 -targets targets.csv

Autodiscover is on the same port, below /autodiscover/: in SOAP, in plain XML,
and from Exchange 2016 on in JSON. A GET of the URL returns a page;
Services.wsdl, messages.xsd and types.xsd next to it describe the operations for
SOAP toolkits. A POST must send Content-Type: text/xml, or gets HTTP 415.

With -api graph the server also acts as a Microsoft Graph over the same
mailboxes, which is then at -addr; EWS is at another port. In the first line
"url" is the address of Graph without a version, "ewsUrl" the address of EWS,
and "token" a token that Graph accepts, as from a token endpoint; with -tls and
-app, "authority" is such an endpoint. Package graphtest documents its features.

With -client DIR it also turns on -tls, and writes what ewsq needs to use that
Graph: a certificate and key with which an application can sign in, the
certificate to trust, and the configuration, which is "config" in the first line:

    exchange -api graph -client lab -load alice@example.test=testdata/mail
    ewsq -config lab/ewsq.json check -mailbox alice@example.test

The first line on standard output is JSON: {"url":"…"}, and "caFile" with -tls.
Everything else goes to standard error.

Flags:

`

// settings are the flags.
type settings struct {
	addr     string
	graph    bool
	client   client
	tls      bool
	load     loads
	scenario string
	version  ewstest.Version
	odd      ewstest.Oddities
	auth     []ewstest.Scheme
	apps     apps
	latency  latencies
	throttle policy
	fill     fill
	targets  string
	log      bool
}

// errUsage marks mistakes by the caller.
var errUsage = errors.New("see exchange -help")

// run serves until the context ends. It returns the exit status: 0 after a
// signal, 1 if the server could not be started, 2 for bad usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = s.serve(ctx, stdout, stderr)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "exchange:", terminal.Escape(err.Error()))
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func parse(args []string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	flags := flag.NewFlagSet("exchange", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`ADDRESS` to listen on; port 0 means any free port")
	flags.Func("api", "`API` at the address: ews (default), or graph, with EWS at another port", s.setAPI)
	flags.StringVar(&s.client.dir, "client", "", "`DIR` for what ewsq needs to use this Graph: a configuration and its files; requires -api graph, and turns on -tls")
	flags.BoolVar(&s.tls, "tls", false, "serve HTTPS with a certificate created at startup")
	flags.Var(&s.load, "load", "`ADDRESS=DIR`: deliver every *.eml in DIR to ADDRESS, a list or a mailbox, which is created if it does not exist; may be repeated")
	flags.Var(&s.fill, "fill", "`MAILBOXESxMESSAGES`, such as 1000x5: create this many mailboxes, user00001 and so on, with this many messages in the Inbox of each")
	flags.StringVar(&s.targets, "targets", "", "`FILE` to which to write what -load and -fill have delivered, as CSV for ewsq quarantine -targets")
	flags.StringVar(&s.scenario, "scenario", "", "`FILE` (JSON) that describes the organisation")
	version := flags.String("version", "", "`VERSION` to act as: "+versionNames()+" (default: that of the scenario, or Exchange2016)")
	var odd oddities
	flags.Var(&odd, "odd", "differ from a current Exchange: -odd in all ways except twoAnswers, -odd=`NAMES` in those named, separated by commas")
	ways := flags.String("auth", "", "`WAYS` to sign in, separated by commas: basic, ntlm, bearer (default: those of the scenario, or basic)")
	flags.Var(&s.apps, "app", "`ID=FILE`: an application that may sign in with -auth bearer, and its certificate (.cer); may be repeated")
	flags.Var(&s.latency, "latency", "`TIME` added to each answer, such as 20ms; can also be set for single operations: 20ms,ExportItems=1s")
	flags.Var(&s.throttle, "throttling", "`POLICY` by which accounts have budgets, such as default, or default,EwsMaxBurst=60000 (default: that of the scenario, or none)")
	flags.BoolVar(&s.log, "log", false, "log on standard error each request that signed in, counted from 0, and what people and policies do at which call, counted from 1")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, strings.NewReplacer("NAMES.", oddityNames(), "OPERATIONS.", operations()).Replace(help))
			flags.SetOutput(stderr)
			flags.PrintDefaults()
			return nil, err
		}
		return nil, fmt.Errorf("%w; %w", err, errUsage)
	}
	switch {
	case flags.NArg() > 0 && odd == "all":
		return nil, fmt.Errorf("unexpected argument %q; the names of oddities follow an equals sign, as in -odd=noTransfer; %w", flags.Arg(0), errUsage)
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; %w", flags.Arg(0), errUsage)
	}
	if *version != "" {
		v, err := ewstest.ParseVersion(*version)
		if err != nil {
			return nil, fmt.Errorf("-version: %w; %w", err, errUsage)
		}
		s.version = v
	}
	var err error
	if s.odd, err = ewstest.ParseOddities(string(odd)); err != nil {
		return nil, fmt.Errorf("-odd: %w; %w", err, errUsage)
	}
	if s.scenario != "" && s.odd == 0 && given(flags, "odd") {
		return nil, fmt.Errorf("-odd cannot take away the oddities of a scenario; take \"odd\" out of the file; %w", errUsage)
	}
	if s.auth, err = schemes(*ways); err != nil {
		return nil, fmt.Errorf("-auth: %w; %w", err, errUsage)
	}
	if len(s.apps) > 0 && !slices.Contains(s.auth, ewstest.Bearer) && !s.graph {
		return nil, fmt.Errorf("-app has no effect without -auth bearer or -api graph; %w", errUsage)
	}
	if s.client.dir != "" && !s.graph {
		return nil, fmt.Errorf("-client has no effect without -api graph; %w", errUsage)
	}
	s.tls = s.tls || s.client.dir != ""
	if s.targets != "" && len(s.load) == 0 && s.fill == (fill{}) {
		return nil, fmt.Errorf("-targets has no effect without -load or -fill; %w", errUsage)
	}
	return s, nil
}

// setAPI takes the value of -api.
func (s *settings) setAPI(text string) error {
	switch text {
	case "ews", "graph":
		s.graph = text == "graph"
		return nil
	}
	return errors.New("must be ews or graph")
}

// given reports whether a flag was set.
func given(flags *flag.FlagSet, name string) bool {
	found := false
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// versionNames returns the names of the versions, oldest first.
func versionNames() string {
	var names []string
	for v := ewstest.Exchange2010SP3; v <= ewstest.ExchangeOnline; v++ {
		names = append(names, v.String())
	}
	return strings.Join(names, ", ")
}

// ready is the first line on standard output.
type ready struct {
	URL    string `json:"url"`
	EWSURL string `json:"ewsUrl,omitempty"` // with Graph
	CAFile string `json:"caFile,omitempty"`
	Config string `json:"config,omitempty"` // of ewsq, with -client
	Token  string `json:"token,omitempty"`  // for Graph
	// Authority is the authenticationEndpoint of clients that sign in with tokens,
	// and TenantID the ID of their tenant.
	Authority string `json:"authority,omitempty"`
	TenantID  string `json:"tenantId,omitempty"`
}

// serve serves until the context ends.
func (s *settings) serve(ctx context.Context, stdout, stderr io.Writer) error {
	if err := s.client.prepare(); err != nil {
		return err
	}
	listener, err := listen(ctx, s.addr)
	if err != nil {
		return err
	}
	var doors listeners
	if s.graph {
		if listener, err = doors.behind(ctx, listener); err != nil {
			return err
		}
		defer doors.graph.Close()
	}
	srv, err := s.start(listener, stderr)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer srv.Close()
	lines, err := s.deliver(srv)
	if err != nil {
		return err
	}
	first, ca := ready{URL: srv.URL(), Authority: srv.AuthorityURL()}, srv.CAPEM()
	if tenant := srv.Tenant(); tenant != nil {
		first.TenantID = tenant.TenantID
	}
	if s.graph {
		graph, err := s.overGraph(srv, doors.graph)
		if err != nil {
			return err
		}
		defer graph.Close()
		first = ready{URL: graph.URL(), EWSURL: srv.URL(), Authority: graph.AuthorityURL(), TenantID: tenantID, Token: graph.Token("example")}
		ca = append(ca, graph.CAPEM()...)
		if first.Config, err = s.client.write(graph.URL(), ca); err != nil {
			return err
		}
	}
	if s.tls {
		file, remove, err := writeCA(ca)
		if err != nil {
			return err
		}
		defer remove()
		first.CAFile = file
	}
	line, err := terminal.JSONLine(first)
	if err != nil {
		return err
	}
	if _, err := stdout.Write(line); err != nil {
		return err
	}
	say(stderr, lines...)
	say(stderr, s.warnings(srv, listener.Addr(), first)...)
	<-ctx.Done()
	say(stderr, spent(srv)...)
	return nil
}

// start starts the server according to the flags.
func (s *settings) start(listener net.Listener, stderr io.Writer) (*ewstest.Server, error) {
	opts := ewstest.Options{
		Version: s.version, TLS: s.tls, Listener: listener, Latency: s.latency.all, Latencies: s.latency.of,
		Authentication: s.auth, Odd: s.odd, Autodiscover: &ewstest.AutodiscoverOptions{},
		MaxRecords: 1000, // nothing reads them, and the server may run for days
	}
	if slices.Contains(s.auth, ewstest.Bearer) && (s.scenario == "" || len(s.apps) > 0) {
		var err error
		if opts.Azure, err = s.apps.tenant(); err != nil {
			return nil, err
		}
	}
	if s.log {
		opts.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return s.newServer(opts)
}

// warnings returns lines about things that may surprise users of the server.
func (s *settings) warnings(srv *ewstest.Server, at net.Addr, first ready) []string {
	var lines []string
	if addr, ok := at.(*net.TCPAddr); ok && !addr.IP.IsLoopback() {
		lines = append(lines, "exchange: other machines can reach this server, and its passwords are public")
	}
	if tenant := srv.Tenant(); tenant != nil && len(tenant.Applications) == 0 {
		lines = append(lines, "exchange: no application can sign in with tokens; give -auth bearer and -app ID=FILE with a certificate such as one from ewsq cert")
	}
	if first.Authority != "" && !s.tls {
		lines = append(lines, "exchange: clients request tokens only over TLS; give -tls")
	}
	return lines
}

// say writes lines, escaped for a terminal.
func say(w io.Writer, lines ...string) {
	for _, l := range lines {
		fmt.Fprintln(w, terminal.Escape(l))
	}
}

// deliver delivers messages according to the flags, and returns lines about them.
func (s *settings) deliver(srv *ewstest.Server) ([]string, error) {
	to, err := newTargets(s.targets)
	if err != nil {
		return nil, err
	}
	loaded, err := s.load.deliver(srv, to)
	if err != nil {
		return nil, err
	}
	filled, err := s.fill.deliver(srv, to)
	if err != nil {
		return nil, err
	}
	written, err := to.close()
	return slices.Concat(loaded, filled, written), err
}

// newServer starts the server with the organisation of the scenario, or the default
// one.
func (s *settings) newServer(opts ewstest.Options) (*ewstest.Server, error) {
	if s.scenario == "" {
		opts.Throttling = s.throttle.of(opts.Version)
		return ewstest.NewServer(&opts), nil
	}
	scenario, err := ewstest.LoadScenarioFile(s.scenario)
	if err != nil {
		return nil, fmt.Errorf("-scenario: %w", err)
	}
	opts.Throttling = s.throttle.of(cmp.Or(opts.Version, scenario.Version()))
	srv, err := scenario.NewServer(&opts)
	if err != nil {
		return nil, fmt.Errorf("-scenario: %w", err)
	}
	return srv, nil
}

// writeCA writes the certificate where a client can read it.
func writeCA(pem []byte) (name string, remove func(), err error) {
	f, err := os.CreateTemp("", "exchange-ca-*.pem")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.Remove(f.Name()) }
	_, err = f.Write(pem)
	if err := errors.Join(err, f.Close()); err != nil {
		remove()
		return "", nil, err
	}
	return f.Name(), remove, nil
}
