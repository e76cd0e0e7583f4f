package live

import "context"

// Probe tries one thing. It adds its observations to the report of the lab; its error
// means that the SDK could not keep its promise, or that the server could not be asked.
type Probe struct {
	Name string
	Run  func(context.Context, *Lab) error
}

// Probes returns all probes, in the order in which they are to be run.
func Probes() []Probe {
	all := []Probe{
		{"version", version},
		{"self-test", selfTest},
		{"round trips", roundTrips},
		{"ways", ways},
		{"receipts", receipts},
		{"blocked", blocked},
		{"allitems", allItems},
		{"change key", changeKey},
		{"sizes", sizes},
		{"stopped batch", stoppedBatch},
	}
	for i, p := range all {
		all[i].Run = func(ctx context.Context, l *Lab) error { return l.settings.name(p.Run(ctx, l)) }
	}
	return all
}
