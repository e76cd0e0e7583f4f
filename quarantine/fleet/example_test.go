package fleet_test

import (
	"context"
	"fmt"
	"log"
	"os/signal"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A worker, of which there may be several: what one of them leaves unfinished, another
// finishes.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://worker@db.example.com/quarantine")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := fleet.CheckSchema(ctx, pool); err != nil {
		log.Fatal(err) // the error says what to do
	}
	journal, err := fleet.NewJournal(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := fleet.NewLimiter(pool, &fleet.LimiterOptions{
		Workers: 3,
		Payers:  map[string]fleet.Share{`EXAMPLE\svc`: {Concurrency: 20}}, // all calls are charged to it
	})
	if err != nil {
		log.Fatal(err)
	}
	defer limiter.Close(ctx)
	q, err := exchange.OpenFile("exchange.json", &exchange.Options{Journal: journal, Limiter: limiter})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	for receipt, err := range q.Recover(ctx) { // what others have left and no longer work on
		log.Print(receipt, err)
	}
	receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: "alice@example.com", MessageID: "<20261124.1@evil.example>"})
	log.Print(receipt, err)
}

// The part of a product that gets alerts: the alert, its campaign and the jobs are stored
// together, or not at all. Another process may do the jobs.
func ExampleCampaigns() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://product@db.example.com/quarantine")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	campaigns, err := fleet.NewCampaigns(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO alerts (id, text) VALUES ($1, $2)", "incident-17", "credential phishing"); err != nil {
			return err
		}
		_, err := campaigns.EnqueueTx(ctx, tx, fleet.Order{
			Campaign: "incident-17",
			Reason:   "credential phishing",
			Targets: []quarantine.Target{
				{Mailbox: "alice@example.com", MessageID: "<20261124.1@evil.example>"},
				{Mailbox: "bob@example.com", MessageID: "<20261124.1@evil.example>"},
			},
		})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	status, err := campaigns.Status(ctx, "incident-17")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.Taken, "taken,", status.Open, "of", status.Targets, "open,", status.Problems, "with an error")
	if err := campaigns.Restore(ctx, "incident-17"); err != nil { // puts everything back
		log.Fatal(err)
	}
}

// A process that does the jobs, until it gets a signal. Any number of them may run.
func ExampleWorkers() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	pool, err := pgxpool.New(ctx, "postgres://worker@db.example.com/quarantine")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	campaigns, err := fleet.NewCampaigns(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	journal, err := fleet.NewJournal(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := fleet.NewLimiter(pool, &fleet.LimiterOptions{Workers: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer limiter.Close(context.WithoutCancel(ctx))
	configs, err := exchange.LoadConfigs("exchange.json")
	if err != nil {
		log.Fatal(err)
	}
	router, err := exchange.OpenRouter(configs, &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
		return &exchange.Options{Journal: journal, Limiter: limiter}
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	workers, err := fleet.NewWorkers(campaigns, router, nil)
	if err != nil {
		log.Fatal(err)
	}
	watch, err := fleet.NewReportWatch(fleet.NewReports(campaigns), router, "abuse@example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := workers.Start(ctx); err != nil {
		log.Fatal(err)
	}
	watch.Run(ctx) // until the signal
	<-workers.Stopped()
}
