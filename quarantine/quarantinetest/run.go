package quarantinetest

import "testing"

// theID is the Message-ID of the message under test; otherID belongs to one
// that must be left alone.
const (
	theID   = "<theMessage@evil.example>"
	otherID = "<theOther@good.example>"
)

// Run runs the suite as subtests of t, each with a new lab.
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
		{"Search/Candidates", searchCandidates},
		{"Search/Stops", searchStops},
		{"Search/Open", searchOpen},
		{"Search/Service", searchService},
		{"Inspect/Whole", inspectWhole},
		{"Inspect/Gone", inspectGone},
		{"Mark/SetAndClear", markSetAndClear},
		{"Mark/Conflict", markConflict},
		{"Mark/Gone", markGone},
		{"Mark/ReadState", markReadState},
		{"Folder/CreateIsRepeatable", folderCreate},
		{"Folder/Missing", folderMissing},
		{"Folder/Home", folderHome},
		{"Remove/ForGood", removeForGood},
		{"Carry/StampTravels", carryStamp},
		{"Carry/StateTravels", carryState},
		{"Carry/KeepsItsWord", carryKeepsItsWord},
		{"Carry/GoneItem", carryGoneItem},
		{"Carry/GoneFolder", carryGoneFolder},
		{"Content/OfACopy", contentOfACopy},
		{"Content/Differs", contentDiffers},
		{"Content/Gone", contentGone},
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
	t.Run("Interrupted", func(t *testing.T) {
		t.Parallel()
		interrupted(t, newLab)
	})
}
