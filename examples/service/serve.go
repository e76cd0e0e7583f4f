package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// errStopped is why work was cancelled.
var errStopped = errors.New("the service is stopping")

// readTime is how long a caller may take to send a request.
const readTime = 30 * time.Second

// serve connects the parts, runs them until ctx ends, and shuts them down in reverse
// order.
func (s settings) serve(ctx context.Context, stdout, stderr io.Writer, lookup func(string) (string, bool)) (err error) {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	listener, token, err := s.listen(ctx, lookup, log)
	if err != nil {
		return err
	}
	defer listener.Close()
	counts := new(counters.Counters)
	configs, err := s.loadConfigs(lookup)
	if err != nil {
		return err
	}
	reports, err := s.reports.open(configs, log)
	if err != nil {
		return err
	}
	router, disks, err := s.openRouter(configs, log, counts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, router.Close()) }()
	alerts, err := openStore(s.data, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, alerts.close()) }()
	stopping, stop := context.WithCancel(ctx)
	defer stop()
	s.disks = append(disks, cmp.Or(s.data, os.TempDir()))
	work, err := newWork(stopping.Done(), router, alerts, log, s)
	if err != nil {
		return err
	}
	doors := newConnections(listener, s.connections)
	server := &http.Server{
		ConnState:         doors.note,
		Handler:           newAPI(alerts, work, counts, log, token),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       readTime,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if err := announce(stdout, listener); err != nil {
		return err
	}
	if reports != nil {
		reports.router, reports.alerts, reports.work = router, alerts, work
	}
	r := running{server: server, doors: doors, work: work, reports: reports, log: log}
	return r.until(ctx, stopping, stop, s)
}

// announce writes the first line: where the service listens.
func announce(stdout io.Writer, listener net.Listener) error {
	line, err := terminal.JSONLine(map[string]string{"url": "http://" + listener.Addr().String()})
	if err != nil {
		return err
	}
	_, err = stdout.Write(line)
	return err
}

// running are the parts that run concurrently.
type running struct {
	server  *http.Server
	doors   *connections
	work    *work
	reports *reports // nil: no mailbox is watched
	log     *slog.Logger
}

// until runs the parts until ctx ends or the server fails, and shuts them down. stop ends the
// context stopping, which tells them not to begin anything new.
func (r *running) until(ctx, stopping context.Context, stop func(), s settings) (err error) {
	// Work outlives the signal: its context ends after the grace period.
	working, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		r.work.run(working, s.workers, s.settle)
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if r.reports != nil {
			r.reports.run(stopping, s.reports.mailboxes)
		}
	}()
	broken := make(chan error, 1)
	go func() { broken <- r.server.Serve(r.doors) }()

	select {
	case <-ctx.Done():
		r.log.Info("stopping", "grace", s.grace)
	case err = <-broken:
	}
	stop()
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer done()
	if r.server.Shutdown(grace) != nil {
		_ = r.server.Close() // drops callers that are too slow
	}
	select {
	case <-idle:
	case <-grace.Done():
		cancel(errStopped)
		<-idle
	}
	<-watched
	r.log.Info("stopped", "alertsLeft", r.work.left())
	return err
}

// loadConfigs reads the configuration file.
func (s settings) loadConfigs(lookup func(string) (string, bool)) ([]exchange.Config, error) {
	configs, err := exchange.LoadConfigs(s.config)
	if err != nil {
		return nil, fmt.Errorf("-config: %w; %w", err, errUsage)
	}
	for i := range configs {
		configs[i].SecretsFromEnv(lookup)
	}
	return configs, nil
}

// openRouter opens a router for the configurations, and also returns the directories of the
// journals. Exchange is not contacted yet.
func (s settings) openRouter(configs []exchange.Config, log *slog.Logger, counts *counters.Counters) (r *quarantine.Router, disks []string, err error) {
	for i := range configs {
		c := &configs[i]
		if c.IsEnabled() && c.JournalFile == "" {
			log.Warn("without journalFile, what a crash interrupts is finished only when its alert is run again", "server", c.Name)
		} else if c.IsEnabled() {
			disks = append(disks, filepath.Dir(c.JournalFile))
		}
	}
	r, err = exchange.OpenRouter(configs, &exchange.RouterOptions{
		OptionsFor: func(*exchange.Config) *exchange.Options {
			return &exchange.Options{UserAgent: "ewsq-service", Logger: log, Hook: counts, CallHook: counts}
		},
		Router: quarantine.RouterOptions{Logger: log, TargetFor: s.timeout},
	})
	return r, disks, err
}

// validToken is the form of a token, RFC 6750, section 2.1.
var validToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{1,1000}=*$`)

// listen opens the socket. Without a token, only this machine can reach it.
func (s settings) listen(ctx context.Context, lookup func(string) (string, bool), log *slog.Logger) (net.Listener, string, error) {
	token, _ := lookup(envToken)
	if token != "" && !validToken.MatchString(token) {
		return nil, "", fmt.Errorf("%s in the environment cannot be sent in a header: use 1 to 1000 of the characters A-Z, a-z, 0-9, '-', '.', '_', '~', '+', '/', and '=' at the end; %w", envToken, errUsage)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return nil, "", fmt.Errorf("-addr: %w", err)
	}
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && addr.IP.IsLoopback() {
		return listener, token, nil
	}
	if token == "" {
		err := fmt.Errorf("-addr %s can be reached from other machines: set %s in the environment to the token that callers must send; %w", s.addr, envToken, errUsage)
		return nil, "", errors.Join(err, listener.Close())
	}
	log.Warn("the token and the alerts are sent over the network as plain HTTP; put a TLS proxy in front", "addr", listener.Addr().String())
	return listener, token, nil
}
