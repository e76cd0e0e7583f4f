package fleet

import (
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Queues of River. Taking and putting back have one each, so a release does not wait for a
// large campaign; so do plans, which take long.
const (
	queuePlan    = "fleet_plan"
	queueTake    = "fleet_take"
	queueRestore = "fleet_restore"
	queueRecover = "fleet_recover"
)

// alive are the states of a job that will still be done. A finished job does not prevent
// another with the same arguments: a target may be added to its part, or released.
var alive = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// maxAttempts is how often a job is begun if it fails as a whole, or if its process dies.
// The tries of its targets are counted separately: see MaxTries of [WorkerOptions].
const maxAttempts = 12

// planArgs are the arguments of the job that makes the plan of a campaign.
type planArgs struct {
	Campaign string `json:"campaign" river:"unique"`
}

// Kind names the job in the database.
func (planArgs) Kind() string { return "fleet_plan" }

// InsertOpts allows one at a time for each campaign.
func (planArgs) InsertOpts() river.InsertOpts { return once(queuePlan) }

// takeArgs are the arguments of the job that takes the targets of a part of a campaign.
type takeArgs struct {
	Campaign string `json:"campaign" river:"unique"`
	Part     int    `json:"part" river:"unique"`
}

// Kind names the job in the database.
func (takeArgs) Kind() string { return "fleet_take" }

// InsertOpts allows one at a time for each part.
func (takeArgs) InsertOpts() river.InsertOpts { return once(queueTake) }

// restoreArgs are the arguments of the job that puts back targets of a part.
type restoreArgs struct {
	Campaign string `json:"campaign" river:"unique"`
	Part     int    `json:"part" river:"unique"`
}

// Kind names the job in the database.
func (restoreArgs) Kind() string { return "fleet_restore" }

// InsertOpts allows one at a time for each part.
func (restoreArgs) InsertOpts() river.InsertOpts { return once(queueRestore) }

// recoverArgs are the arguments of the job that settles what crashes have left.
type recoverArgs struct{}

// Kind names the job in the database.
func (recoverArgs) Kind() string { return "fleet_recover" }

// InsertOpts allows one at a time.
func (recoverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueRecover, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByQueue: true, ByState: alive}}
}

func once(queue string) river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: alive}}
}
