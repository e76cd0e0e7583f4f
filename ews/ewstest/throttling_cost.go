package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Task is a member of a batch that a server has worked on, for [Throttling.Cost].
type Task struct {
	Operation ews.Operation
	Member    int   // its position in the batch, from 0; -1 is a call that was refused
	Bytes     int64 // approximate size of its answer, and of what it uploads or creates
}

// Cost is the time that a server works on a task.
type Cost struct {
	CAS        time.Duration // the whole time
	MailboxRPC time.Duration // the part in calls to the store
	AD         time.Duration // the part in calls to Active Directory
}

// Costs is a table of what operations cost. The entry "" is for operations without one;
// by default they cost nothing.
type Costs map[ews.Operation]OperationCost

// OperationCost is what one operation costs.
type OperationCost struct {
	Call time.Duration // once
	Item time.Duration // for each member of the batch
	MiB  time.Duration // for each MiB of content

	// MailboxRPC and AD are the shares of the cost, from 0 to 1, that are spent in calls
	// to the store and to Active Directory.
	MailboxRPC, AD float64
}

// Of returns the cost of a task; use it as [Throttling.Cost].
func (c Costs) Of(t Task) Cost {
	o, ok := c[t.Operation]
	if !ok {
		o = c[""]
	}
	var d time.Duration
	if t.Member <= 0 {
		d += o.Call
	}
	if t.Member >= 0 {
		d += o.Item + time.Duration(float64(o.MiB)*float64(t.Bytes)/(1<<20))
	}
	return Cost{CAS: d, MailboxRPC: share(d, o.MailboxRPC), AD: share(d, o.AD)}
}

func share(d time.Duration, of float64) time.Duration { return time.Duration(float64(d) * of) }

// DefaultCosts returns a table of plausible costs, which are not measurements: real
// servers publish none, and differ by hardware and load. A change to an item costs 15 to
// 30 milliseconds, an export or upload 30 plus 100 for each MiB, and a name 50, most of
// it in Active Directory.
func DefaultCosts() Costs {
	const ms = time.Millisecond
	return Costs{
		"":                   {Call: 10 * ms, Item: 10 * ms, MiB: 50 * ms, MailboxRPC: 0.6, AD: 0.05},
		ews.OpFindItem:       {Call: 10 * ms, Item: 40 * ms, MiB: 50 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpMoveItem:       {Call: 10 * ms, Item: 25 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpCopyItem:       {Call: 10 * ms, Item: 30 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpDeleteItem:     {Call: 10 * ms, Item: 15 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpUpdateItem:     {Call: 10 * ms, Item: 20 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpExportItems:    {Call: 10 * ms, Item: 30 * ms, MiB: 100 * ms, MailboxRPC: 0.8, AD: 0.05},
		ews.OpUploadItems:    {Call: 10 * ms, Item: 30 * ms, MiB: 100 * ms, MailboxRPC: 0.8, AD: 0.05},
		ews.OpCreateItem:     {Call: 10 * ms, Item: 30 * ms, MiB: 100 * ms, MailboxRPC: 0.7, AD: 0.05},
		ews.OpResolveNames:   {Call: 10 * ms, Item: 50 * ms, AD: 0.8},
		ews.OpExpandDL:       {Call: 10 * ms, Item: 50 * ms, AD: 0.8},
		"GetStreamingEvents": {Call: 10 * ms, MailboxRPC: 0.3, AD: 0.05},
	}
}
