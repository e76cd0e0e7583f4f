package fleet_test

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A worker, of which there may be several: what one of them leaves, another finishes.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://worker@db.example.com/quarantine")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := fleet.CheckSchema(ctx, pool); err != nil {
		log.Fatal(err) // says what to do
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
	for receipt, err := range q.Recover(ctx) { // what others have left, and are not at any more
		log.Print(receipt, err)
	}
	receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: "alice@example.com", MessageID: "<20261124.1@evil.example>"})
	log.Print(receipt, err)
}
