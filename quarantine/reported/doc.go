// Package reported watches the mailbox to which users report mail, and hands each report to
// the product until it is acknowledged:
//
//	w, err := reported.New(strategy.Mailbox("abuse@example.com"), nil)
//	if err != nil { … }
//	for report, err := range w.Watch(ctx) {
//		if err != nil {
//			log.Print(err) // the watch continues
//			continue
//		}
//		message, err := report.Open(ctx)
//		… // find out what is meant, and act on it
//		err = report.Acknowledge(ctx)
//	}
//
// [Watcher.Waiting] is the same for the reports that are there now, and ends.
//
// Every message in the watched folder is a report. Several programs may watch the same
// folder: each report is handed to one of them at a time. The mailbox must be a
// [driver.Watchable], as those of packages ewsmail and graphmail are.
//
// # What is promised
//
// A report is handed out, in order of arrival, until it is acknowledged, and never after
// that. Its receiver holds a lease on it, which [Watcher.Watch] renews as long as its loop
// runs. After a crash, the report is handed out again when the lease has run out, with the
// same [Report.ID]. All of this is kept in a note on the message itself, so no database is
// needed. The order is by time of receipt among the reports known at one check of the
// folder; reports that were released, or held by another program that crashed, come again
// later. Nothing is deleted: an acknowledged report is moved to a folder, or only marked.
//
// A message that somebody moves out of the folder is no longer a report; back in the
// folder, it is handed out again with the same id unless it was acknowledged. A copy of an
// acknowledged report counts as acknowledged.
//
// If a server ignores change keys, two programs that take a report at the same moment may
// both receive it, unless [Options].MarkWait is longer than a request takes. Whether
// Microsoft Graph honours them is not documented, so the default there is 2 seconds. The
// clocks of the machines must agree to within less than half of [Options].Lease.
//
// # Who may write a note
//
// A note is a property of the message. Anyone who can write to the mailbox can write one,
// and so can a sender whose mail program sends properties along (TNEF), if the mail system
// lets them in. With Options.Keys, notes are sealed, and a note without a valid seal is
// ignored: the report is handed out as a new one. Without keys, a forged note can hide a
// report as acknowledged, claim that it was answered, or delay it by at most 61 minutes, a
// minute more than the longest lease; it cannot cause a message to be taken or an answer to
// be sent. A seal is tied to the time at which the message was received, so it is worthless
// on another message.
//
// # How new reports are noticed
//
// The folder is checked when a watch begins, whenever the mail system rings
// ([driver.Belled]), after each connection for that was opened, and at intervals. So a lost
// bell costs time, but no report. With EWS the bell is GetStreamingEvents: one connection
// for up to 200 mailboxes that are watched over one strategy, in [WatchAll] or separately;
// where such connections are refused or do not last, it is GetEvents every 20 seconds. A
// delegate may use neither, so only the interval counts. The same is true of Microsoft
// Graph, whose notifications go only to public addresses: at each interval, one request
// asks for the delta of the folder, and each report takes eight more.
//
// # What a report contains
//
// [Report.Open] returns the MIME form of the report, with its attachments. Over Graph, a
// report above 20 MB, or one with files that are stored elsewhere, is put together from its
// parts, with attached messages as Graph writes them. A file that is stored elsewhere is
// then a part of type message/external-body, which package understood reports as not
// opened.
package reported
