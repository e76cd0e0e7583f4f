package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// softStop is how long jobs and requests may continue after a signal.
const softStop = 30 * time.Second

// work does jobs and serves HTTP until ctx ends, and then lets work in progress finish.
func (p *program) work(ctx context.Context, s *settings, pool *pgxpool.Pool, campaigns *fleet.Campaigns, log *slog.Logger) (err error) {
	listener, err := s.listen(ctx, log)
	if err != nil {
		return err
	}
	defer listener.Close()
	gate := new(gate)
	server := &http.Server{
		Handler:           recovered(log, headers(gate)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute, // receipts of a large campaign
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	defer server.Close()
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	if err := awaitDatabase(ctx, pool, log); err != nil || ctx.Err() != nil {
		return err
	}
	counts := new(counters.Counters)
	limiter, err := fleet.NewLimiter(pool, &fleet.LimiterOptions{Workers: s.Processes, Logger: log})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = limiter.Close(ctx) // leases that are not given back expire by themselves
	}()
	router, err := s.router(pool, limiter, counts, log)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	defer func() { err = errors.Join(err, router.Close()) }()
	workers, err := fleet.NewWorkers(campaigns, router, &fleet.WorkerOptions{
		Jobs: s.Jobs, TakeOverAfter: time.Duration(s.TakeOverAfter), Settle: time.Duration(s.Settle), SoftStop: softStop, Logger: log,
	})
	if err != nil {
		return err
	}
	watches, err := s.watches(campaigns, router, log)
	if err != nil {
		return err
	}
	var stopping atomic.Bool
	if err := workers.Start(ctx); err != nil {
		return err
	}
	stopWatching := runAll(ctx, watches)
	defer stopWatching() // before the router is closed
	gate.open(newServer(s, campaigns, pool, counts, log, &stopping))
	url := "http://" + listener.Addr().String()
	if err := p.print(map[string]string{"url": url}); err != nil {
		return err
	}
	if p.ready != nil {
		p.ready(url)
	}
	select {
	case <-ctx.Done():
		log.Info("stopping", "grace", softStop)
	case err = <-broken:
	}
	stopping.Store(true)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), softStop+10*time.Second)
	defer cancel()
	stopWatching()
	stopped := workers.Stop(grace) // River hands on jobs that do not end
	if server.Shutdown(grace) != nil {
		_ = server.Close() // drops callers that are too slow
	}
	log.Info("stopped")
	return errors.Join(err, stopped)
}

// router opens the services of the configuration, with the journal in the database, and
// with the budgets of the servers shared through it. Graph's limits are per mailbox, in
// each of which one process is at work. Exchange is not contacted yet.
func (s *settings) router(pool *pgxpool.Pool, limiter *fleet.Limiter, counts *counters.Counters, log *slog.Logger) (*quarantine.Router, error) {
	journal, err := fleet.NewJournal(pool, nil)
	if err != nil {
		return nil, err
	}
	return exchange.OpenRouter(s.configs, &exchange.RouterOptions{
		OptionsFor: func(c *exchange.Config) *exchange.Options {
			o := &exchange.Options{UserAgent: "quarantined", Logger: log, Hook: counts, CallHook: counts, Journal: journal}
			if c.API != exchange.APIGraph {
				o.Limiter = limiter
			}
			return o
		},
		Router: quarantine.RouterOptions{Logger: log},
	})
}

// listen opens the socket. Callers on another machine need the token or, for the pages, a
// proxy that names the user.
func (s *settings) listen(ctx context.Context, log *slog.Logger) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen %s cannot be served; stop what is there, or give another address: %w", s.Listen, err)
	}
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && addr.IP.IsLoopback() {
		return listener, nil
	}
	if s.token == "" && s.UserHeader == "" {
		err := fmt.Errorf("listen %s can be reached from other machines: set %s in the environment, or userHeader for a proxy in front; %w", s.Listen, envToken, errUsage)
		return nil, errors.Join(err, listener.Close())
	}
	log.Warn("the token and the pages are sent as plain HTTP; put a TLS proxy in front", "addr", listener.Addr().String())
	return listener, nil
}
