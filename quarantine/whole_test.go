package quarantine_test

import "flag"

// whole is for the long matrices: TestFaultMatrix, TestRandomRuns, TestCrash*,
// TestExplore*, TestPhishingRandom, TestOddServers, TestRivalRestoresOfTwins,
// TestDoneMeanwhile, TestDeadlineIsKept and TestConformance. Without it each does a
// fixed part, in which every kind of case, every access and every way occurs, so that a
// run of all tests is quick.
//
//	go test ./quarantine -timeout 20m -whole
var whole = flag.Bool("whole", false, "do the long matrices whole, rather than a part of each")
