// Package reported watches the mailbox to which users report mail, and hands each report
// to the product until it is acknowledged:
//
//	w, err := reported.New(strategy.Mailbox("abuse@example.com"), nil)
//	if err != nil { … }
//	for report, err := range w.Watch(ctx) {
//		if err != nil {
//			log.Print(err) // the watch goes on
//			continue
//		}
//		message, err := report.Open(ctx)
//		… // what is meant, and what is to be done
//		err = report.Acknowledge(ctx)
//	}
//
// Every message in the watched folder is a report. Several programs may watch the same
// folder: a report is given to one at a time. Needed is a driver whose mailbox is a
// [driver.Watchable], as those of packages ewsmail and graphmail are.
//
// # What is promised
//
// A report is given, in order of arrival, until it is acknowledged, and never after that.
// Who has been given it holds a lease on it, which [Watcher.Watch] renews as long as its
// loop runs. After a crash the report is given again when the lease has run out, with the
// same [Report.ID]. All of this stands in a note on the message itself, so no database is
// needed. The order is that of the times of receipt among what is known at a look; what
// was released, or held by another program that crashed, comes again later. Nothing is
// deleted: what is acknowledged is moved to a folder, or only marked.
//
// A report that somebody moves out of the folder is no report any more; back in the
// folder it is given again with the same id unless it was acknowledged. A copy of an acknowledged
// report counts as acknowledged.
//
// Where a server ignores change keys, two programs that take a report at the same moment
// may both be given it, unless [Options].MarkWait is longer than a request takes. Whether
// Microsoft Graph heeds them is not documented: there the default is 2 seconds. The clocks of
// the machines must agree to within less than half of [Options].Lease.
//
// # Who may write a note
//
// A note is a property of the message. Whoever may write in the mailbox can write one, and
// so can a sender whose mail program sends properties along (TNEF), if the mail system lets
// them in. With Options.Keys notes are sealed, and one without the right seal counts for
// nothing: the report is given as a new one. Without keys a forged note can hide a report as
// acknowledged, say that it was answered, or delay it by at most 61 minutes, the longest
// lease; it cannot have a message taken or an answer sent. A seal is tied to the time at
// which the message was received, so that it is worth nothing on another one.
//
// # How news is seen
//
// The mailbox is looked at when a watch begins, whenever the mail system rings
// ([driver.Belled]), after each connection for that was opened, and at intervals. So a bell
// that is lost costs time, no report. With EWS the bell is GetStreamingEvents: one
// connection for up to 200 mailboxes that are watched over one strategy, in [WatchAll] or
// apart; where such connections are refused or do not last, GetEvents every 20 seconds. A
// delegate may use neither: then only the interval counts. So it does with Microsoft Graph,
// whose notifications go to a public address only: the delta of the folder is asked for at
// each interval, which is a request, and a report takes eight more.
//
// # What a report contains
//
// [Report.Open] gives its MIME form, with what is attached. Over Graph that of a report above
// 20 MB, or with files that are kept elsewhere, is put together from its parts: the
// attached messages as Graph writes them. A file that is kept elsewhere is then a part of
// type message/external-body, which package understood says not to have opened.
package reported
