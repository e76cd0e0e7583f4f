package quarantinetest

import "testing"

// theID is the Message-ID of the message under test; otherID belongs to one
// that must be left alone.
const (
	theID   = "<theMessage@evil.example>"
	otherID = "<theOther@good.example>"
)

// theSender is who has sent the messages.
const theSender = "mallory@evil.example"

// Run runs the suite as subtests of t, each with a new lab. It finds what strategies get
// wrong that break any sentence of the contract in package driver that can be seen from
// outside; the package's own tests break them one by one. Capabilities that the mailboxes
// of the strategy have are tested as well; some need a [Lab] that can do more, and a lab
// that cannot fails the test: see [Peopled] and [Forwarding]. Only a lab that is [Faulty]
// shows what a strategy says when an answer is lost.
func Run(t *testing.T, newLab func(t *testing.T) Lab) {
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
		{"Directory/Members", directoryMembers},
		{"Forwards/Sent", forwardsSent},
		{"Content/OfACopy", contentOfACopy},
		{"Content/Differs", contentDiffers},
		{"Content/Gone", contentGone},
		{"Batch/Reads", batchReads},
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
			c.test(t, newLab(t))
		})
	}
	t.Run("Lost", func(t *testing.T) {
		t.Parallel()
		lostAnswers(t, newLab)
	})
	t.Run("Interrupted", func(t *testing.T) {
		t.Parallel()
		interrupted(t, newLab)
	})
}
