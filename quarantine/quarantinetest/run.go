package quarantinetest

import (
	"testing"
	"testing/synctest"
	"time"
)

// theID is the Message-ID of the message under test; otherID belongs to one
// that must be left alone.
const (
	theID   = "<theMessage@evil.example>"
	otherID = "<theOther@good.example>"
)

// theSender is the sender of the messages.
const theSender = "mallory@evil.example"

// Run runs the suite as subtests of t, each with a new lab. It finds mistakes of
// strategies that break any sentence of the contract in package driver, as far as they
// can be seen from outside; the package's own tests break the sentences one by one.
// Capabilities of the strategy's mailboxes are tested as well. Some of these tests need a
// [Lab] that can do more, and a lab that cannot fails the test: see [Peopled] and
// [Forwarding]. For a [driver.Answering], the account must be allowed to send as the
// lab's user. Only a lab that is [Faulty] shows what a strategy reports when an answer is
// lost.
func Run(t *testing.T, newLab func(t *testing.T) Lab) {
	t.Helper()
	suite{newLab, inRealTime}.run(t)
}

// RunInVirtualTime is like [Run], but runs each test in a bubble of package
// testing/synctest. Waiting takes no time there, whether a driver waits to read again or
// a test waits for a lease to end. It is for labs that live in the process of the test. A
// lab that waits for anything else, such as a socket, another process, or a clock other
// than that of package time, needs [Run].
func RunInVirtualTime(t *testing.T, newLab func(t *testing.T) Lab) {
	t.Helper()
	suite{newLab, inVirtualTime}.run(t)
}

// suite is the labs of a run, and whether its tests run in virtual time.
type suite struct {
	newLab func(t *testing.T) Lab
	play   func(t *testing.T, test func(t *testing.T))
}

func inRealTime(t *testing.T, test func(t *testing.T)) { test(t) }

func inVirtualTime(t *testing.T, test func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour) // a bubble begins in 2000; the messages are later
		test(t)
	})
}

func (s suite) run(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, lab Lab)
	}{
		{"Find/ByMessageID", findByMessageID},
		{"Find/NothingIsNoError", findNothing},
		{"Find/ByStamp", findByStamp},
		{"Find/ByTime", findByTime},
		{"Find/ByMeaning", findByMeaning},
		{"Find/InFolders", findInFolders},
		{"Find/Fields", findFields},
		{"Find/Refused", findRefused},
		{"Search/Candidates", searchCandidates},
		{"Search/Stops", searchStops},
		{"Search/Open", searchOpen},
		{"Search/Service", searchService},
		{"Inspect/Whole", inspectWhole},
		{"Inspect/Gone", inspectGone},
		{"Inspect/Fields", inspectFields},
		{"Mark/SetAndClear", markSetAndClear},
		{"Mark/Conflict", markConflict},
		{"Mark/Gone", markGone},
		{"Mark/ReadState", markReadState},
		{"Mark/WholeStamp", markWholeStamp},
		{"Mark/Together", markTogether},
		{"Mark/Header", markHeader},
		{"Folder/CreateIsRepeatable", folderCreate},
		{"Folder/Missing", folderMissing},
		{"Folder/Names", folderNames},
		{"Folder/Home", folderHome},
		{"Remove/ForGood", removeForGood},
		{"Remove/OnlyThat", removeOnlyThat},
		{"Carry/StampTravels", carryStamp},
		{"Carry/StateTravels", carryState},
		{"Carry/KeepsItsWord", carryKeepsItsWord},
		{"Carry/GoneItem", carryGoneItem},
		{"Carry/GoneFolder", carryGoneFolder},
		{"Carry/EachWay", carryEachWay},
		{"Carry/NoWayLeft", carryNoWayLeft},
		{"Ended/NothingIsSent", endedSendsNothing},
		{"Search/People", searchPeople},
		{"Search/VisitMayCall", searchVisitMayCall},
		{"Sweep/Leftovers", sweepLeftovers},
		{"Shelve/Aside", shelveAside},
		{"Probe/Mailboxes", probeMailboxes},
		{"Watch/Arrivals", watchArrivals},
		{"Watch/Notes", watchNotes},
		{"Bell/Rings", bellRings},
		{"Bell/OfNobody", bellOfNobody},
		{"Answer/SentOnce", answerSentOnce},
		{"Answer/OldVersion", answerOfOldVersion},
		{"Answer/OfNobody", answersOfNobody},
		{"Directory/Members", directoryMembers},
		{"Forwards/Sent", forwardsSent},
		{"Content/OfACopy", contentOfACopy},
		{"Content/Differs", contentDiffers},
		{"Content/Gone", contentGone},
		{"Batch/Reads", batchReads},
		{"Batch/Leftovers", batchSweeps},
		{"Batch/Contents", batchContents},
		{"Batch/Writes", batchWrites},
		{"Batch/AsksFirst", batchAsks},
		{"Service/ThereAndBack", thereAndBack},
		{"Service/EveryCopy", everyCopy},
		{"Service/FolderGone", folderGone},
		{"Service/UserMovesMeanwhile", userMovesMeanwhile},
		{"Service/NobodyIsTold", nobodyIsTold},
		{"Service/TwoAtOnce", twoAtOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s.play(t, func(t *testing.T) { c.test(t, s.newLab(t)) })
		})
	}
	t.Run("Lost", func(t *testing.T) {
		t.Parallel()
		s.lostAnswers(t)
	})
	t.Run("Interrupted", func(t *testing.T) {
		t.Parallel()
		s.interrupted(t)
	})
}
