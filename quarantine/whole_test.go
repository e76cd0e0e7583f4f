package quarantine_test

import (
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// whole is for the long matrices: TestFaultMatrix, TestRandomRuns, TestCrash*,
// TestExplore*, TestPhishingRandom, TestOddServers, TestRivalRestoresOfTwins,
// TestDoneMeanwhile, TestDeadlineIsKept, TestGathered* and TestConformance. Without it,
// each plays a fixed part, in which every kind of case, every access and every way occurs,
// so that running all tests is quick.
//
//	go test ./quarantine -timeout 20m -whole
var whole = flag.Bool("whole", false, "do the long matrices whole, rather than a part of each")

// gathering makes the services of these tests share requests, even those with nothing to
// share with: each call of the engine is then one of a batch.
//
//	go test ./quarantine -run 'TestFaultMatrix|TestRandomRuns|TestExplore|TestConformance' -gather
var gathering = flag.Bool("gather", false, "let each call of the engine be one of a batch, as package gather makes them")

// gatheredIf returns a strategy whose calls share requests, if that is wanted.
func gatheredIf(s driver.Strategy, wanted *gather.Options) driver.Strategy {
	switch {
	case wanted != nil:
		return gather.Strategy(s, wanted)
	case *gathering:
		return gather.Strategy(s, &gather.Options{Always: true})
	}
	return s
}
