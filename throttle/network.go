package throttle

import "time"

// enoughTrips is how many round trips must have been seen before the shortest is trusted:
// a lost packet makes one a second long.
const enoughTrips = 4

// network is what the limiter knows about the way to the server.
type network struct {
	trips    int
	shortest time.Duration
}

// saw learns from a round trip; 0 means that there was none.
func (n *network) saw(trip time.Duration) {
	if trip <= 0 {
		return
	}
	if n.trips == 0 || trip < n.shortest {
		n.shortest = trip
	}
	n.trips++
}

// charged returns the most that the server charges for a call that took that long. The
// network accounts for at least one round trip; but no more than half the time of fast
// calls of the kind is attributed to the network, to limit the harm of a wrong round trip.
func (n *network) charged(took time.Duration, k *kind) time.Duration {
	if n.trips >= enoughTrips {
		took -= min(n.shortest, took/2, time.Duration(k.fast/2))
	}
	return min(took, mostCharged)
}
