package throttle_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func ExampleLimiter_Acquire() {
	limiter, err := throttle.New(&throttle.Options{
		Limits: map[string]int{"quarantine@example.com": throttle.LimitQuarantineMailbox},
		OnPark: func(p throttle.ParkEvent) { fmt.Println(p.Payer, "is parked for", p.For) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	release, err := limiter.Acquire(context.Background(), "Alice@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	// The call is made here; the server answers ErrorServerBusy with a hint.
	release(true, 5*time.Minute)

	fmt.Println("calls allowed afterwards:", limiter.State("alice@example.com").Allowed)
	// Output:
	// alice@example.com is parked for 5m0s
	// calls allowed afterwards: 4
}

func ExampleLimiter_Reserve() {
	limiter, err := throttle.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// An export that is streamed into an upload: both are open at once.
	ctx, done, err := limiter.Reserve(context.Background(), "alice@example.com", "quarantine@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer done()
	for _, payer := range []string{"alice@example.com", "quarantine@example.com"} {
		release, err := limiter.Acquire(ctx, payer) // ews.Client does this
		if err != nil {
			fmt.Println(err)
			return
		}
		defer release(false, 0)
		fmt.Println("calling for", payer)
	}
	// Output:
	// calling for alice@example.com
	// calling for quarantine@example.com
}
