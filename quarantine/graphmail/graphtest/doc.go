// Package graphtest is a Microsoft Graph for tests: in process, stateful, strict, with
// faults on demand, over the mailboxes of an Exchange server of package ewstest, so that
// one mailbox is seen through both doors.
package graphtest
