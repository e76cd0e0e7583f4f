package throttle

import "time"

// enoughTrips is how many round trips must have been seen before the shortest is believed:
// a lost packet makes one a second long.
const enoughTrips = 4

// network is what the limiter knows about the way to the server.
type network struct {
	trips    int
	shortest time.Duration
}

// saw learns from a round trip; 0: there was none.
func (n *network) saw(trip time.Duration) {
	if trip <= 0 {
		return
	}
	if n.trips == 0 || trip < n.shortest {
		n.shortest = trip
	}
	n.trips++
}

// charged returns what the server charges at most for a call that took so long. The network
// took at least a round trip of it; but no more than half of what fast calls of the kind
// take is put down to the network, so that a wrong round trip does no great harm.
func (n *network) charged(took time.Duration, k *kind) time.Duration {
	if n.trips >= enoughTrips {
		took -= min(n.shortest, took/2, time.Duration(k.fast/2))
	}
	return min(took, mostCharged)
}
