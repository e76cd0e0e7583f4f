package quarantinetest_test

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

var whole = flag.Bool("whole", false, "run the suite on every mutant, not on some")

// mutant names what the driver of a sample gets wrong; empty: nothing.
type mutant string

func (m mutant) is(name mutant) bool { return m == name }

// mutants are drivers that break one sentence of the contract each. The first part of a
// name shows where the contract has that sentence.
var mutants = []mutant{
	"Name/Empty", "Mailbox/OtherAddress", "System/Empty", "System/Capital", "System/Changes",
	"Ended/StillSends",
	"Lost/Repeats", "Lost/SaysUntouched", "Lost/SaysAnswered",
	"Unreachable/IsEmpty", "Unreachable/IsAnother",

	"Item/NoVersion", "Item/NoMailbox", "Item/NoFolderID", "Item/NoFolderPath", "Item/FolderIsPath", "Item/NotRecoverable",
	"Item/NoMessageID", "Item/BareMessageID", "Item/NoClass", "Item/NoSubject", "Item/NoSize", "Item/NoReceived", "Item/ReceivedIsSent",
	"Item/NoSent", "Item/NeverRead", "Item/HasNoAttachments", "Item/NoStamp", "Item/NoSender",

	"Find/IgnoresMessageID", "Find/ExactMessageID", "Find/BareMessageID", "Find/AnyCase", "Find/NoNear",
	"Find/IgnoresOperation", "Find/IgnoresOrigin", "Find/OriginByCase", "Find/IgnoresReceived", "Find/ReceivedExactly",
	"Find/IgnoresStamped", "Find/StampedAlone", "Find/AnyCondition", "Find/IgnoresIn", "Find/IgnoresBelow", "Find/AlwaysBelow",
	"Find/InboxOnly", "Find/ExceptIsAll", "Find/ExceptIsOnly", "Find/GoneFolderIsEmpty", "Find/FailureIsEmpty",
	"Find/NoSearched", "Find/FirstOnly",

	"Inspect/GoneIsAnother", "Inspect/GoneIsEmpty", "Inspect/OtherID", "Inspect/NoAttachments", "Inspect/NoAttachmentSize",
	"Inspect/NoAttachmentName", "Inspect/NoImportance", "Inspect/NoCategories", "Inspect/NoStamp", "Inspect/NoSubject",

	"Mark/IgnoresVersion", "Mark/ConflictWrites", "Mark/GoneIsConflict", "Mark/ReturnsOld", "Mark/ReturnsNoStamp", "Mark/IgnoresClear",
	"Mark/ClearsPartly", "Mark/IgnoresStamp", "Mark/CutsValues", "Mark/LowersValues", "Mark/ASCIIOnly", "Mark/NoLease", "Mark/NoIDs", "Mark/StampReads",
	"Mark/StampAlone", "Mark/IgnoresRead", "Mark/ReadClears", "Mark/Notifies", "Mark/IgnoresHeader", "Mark/AddsHeader", "Mark/KeepsHeader",

	"Remove/ConflictRemoves", "Remove/Notifies", "Remove/Recoverable", "Remove/EveryCopy", "Remove/Follows", "Remove/GoneIsDone",

	"Folder/SlashSplits", "Folder/LastOnly", "Folder/CreatesAgain", "Folder/NoNameIsTop", "Folder/AlwaysCreates", "Folder/GoneIsAnother",
	"Home/AlwaysInbox", "Home/IgnoresID", "Home/Recoverable", "Home/IgnoresPath", "Home/CreatesAgain",

	"Carry/IgnoresOnly", "Carry/IgnoresExcept", "Carry/NoWayIsNotUntouched", "Carry/GoneIsAnother", "Carry/OtherFolder",
	"Carry/GoneFolderIsInbox", "Carry/GoneFolderLoses", "Carry/RebuiltUnsaid", "Carry/LosesStamp", "Carry/CutsStamp", "Carry/Notifies",
	"Carry/Twice", "Carry/TakesOthers", "Carry/MarksRead", "Carry/MarksUnread", "Carry/ReceivedNow", "Carry/SentNow", "Carry/LosesImportance",
	"Carry/LosesCategory", "Carry/LosesAttachment", "Carry/LosesText", "Carry/ChangesSubject", "Carry/LosesHeader", "Carry/NoWay",
	"Carry/OtherID", "Carry/SaysMoved", "Carry/SaysNotMoved", "Carry/SaysOnce", "Carry/SaysFaithful",

	"Content/No/subject", "Content/No/text", "Content/No/attachment", "Content/OfTheStamp", "Content/NotNormal", "Content/OfTheID",
	"Content/Truncated", "Content/GoneIsEmpty",
	"Search/NoAttachments", "Search/ExactSubject", "Search/PrefixOnly", "Search/EndInclusiveOnly", "Search/NoSender", "Search/LeavesOutLinks",
	"Search/NoPeople", "Search/HoldsLock", "Search/GoesOn", "Search/WrapsError", "Search/SwallowsError", "Open/Headless", "Open/GoneIsEmpty",
	"Sweep/Nothing", "Sweep/AllOperations", "Sweep/Elsewhere", "Sweep/NoneIsGone",
	"Shelve/Removes", "Shelve/DefaultIsInbox", "Shelve/IgnoresFolder", "Shelve/Copies", "Shelve/Reads", "Shelve/LosesStamp",
	"Shelve/ReturnsOld", "Shelve/GoneIsDone",
	"Probe/AlwaysThere", "Probe/NeverThere", "Probe/IsAnother", "Probe/FailureIsAbsence",
	"Arrivals/AnyState", "Arrivals/Everything", "Arrivals/OfAllFolders", "Arrivals/ReceivedIsSent", "Arrivals/NobodyLeaves", "Noted/GoneIsEmpty",
	"SetNote/IgnoresVersion", "SetNote/ConflictWrites", "SetNote/Cuts", "SetNote/Reads", "SetNote/Notifies", "SetNote/ReturnsOld",
	"Listen/ReturnsAtOnce", "Listen/ToNobody", "Listen/NoFirstRing", "Listen/NeverRings", "Listen/IgnoresContext", "Listen/HoldsLock",
	"Draft/NoMark", "Draft/NoSubject", "Draft/NoText", "Draft/Sends", "Answers/AnyMark", "Answers/FailureIsEmpty", "Answers/DraftIsSent",
	"Send/Again", "Send/Twice", "Send/KeepsNothing", "Send/KeepsDraft", "Send/IgnoresVersion", "Send/ConflictSends", "Send/OtherError",
	"Members/GoneIsEmpty", "Members/GoneIsAnother", "Members/AllLevels", "Members/FirstOnly", "Members/NoKind", "Members/NoAddress",
	"Members/NeverComplete", "Lookup/Anyone", "Lookup/NoKind", "Lookup/NoAddress",
	"Forwarded/Everything", "Forwarded/NoRecipients", "Forwarded/FirstRecipient", "Forwarded/ParentID", "Forwarded/NoTrace",
	"Forwarded/IgnoresLimit", "Forwarded/CutsAtLimit", "Forwarded/UnreachableIsEmpty",
	"Batch/NeverAsks", "Batch/RefusalIsUnknown", "Batch/OneForAll", "Batch/Shifts", "Batch/Drops", "Batch/AllAlone", "Batch/FailureIsSuccess",
	"Batch/FindsForAll", "Batch/IgnoresVersion", "Batch/CarriesTheFirst",
	"Batch/LeftoversOfAll", "Batch/LeftoversOnce", "Batch/LeftoversElsewhere", "Batch/LeftoversOfSomeAreLost", "Batch/NoLeftoversIsGone",
	"Batch/ContentOfTheFirst", "Batch/ContentIsCut", "Batch/GoneHasContent", "Batch/ContentTwiceIsNothing",
}

// someMutants are the mutants of a plain run: those that passed before the suite checked
// for them.
var someMutants = []mutant{"Find/IgnoresIn", "Find/IgnoresBelow", "Item/NoSubject", "Lost/SaysUntouched", "Batch/Shifts"}

// TestSample: the driver that the mutants are made of keeps the contract.
func TestSample(t *testing.T) {
	t.Parallel()
	quarantinetest.Run(t, func(*testing.T) quarantinetest.Lab { return newSampleLab("") })
}

// ofMutants names the variable that lets this program run the suite on mutants.
const ofMutants = "QUARANTINETEST_MUTANTS"

// TestMutant runs the suite on mutants, and fails, in a process that TestMutants starts.
func TestMutant(t *testing.T) {
	names := os.Getenv(ofMutants)
	if names == "" {
		return
	}
	for name := range strings.SplitSeq(names, ",") {
		t.Run(strings.ReplaceAll(name, "/", ":"), func(t *testing.T) {
			t.Parallel()
			quarantinetest.Run(t, func(*testing.T) quarantinetest.Lab { return newSampleLab(mutant(name)) })
		})
	}
}

var failedTest = regexp.MustCompile(`(?m)^ *--- FAIL: TestMutant/([^/ ]+)/(\S+)`)

// TestMutants: the suite finds every mutant, even without the tests that let a Service
// use it, which take longer and do not show what is wrong.
func TestMutants(t *testing.T) {
	t.Parallel()
	chosen := someMutants
	if *whole {
		chosen = mutants
	}
	names := make([]string, len(chosen))
	for i, m := range chosen {
		require.Contains(t, mutants, m)
		names[i] = string(m)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMutant$", "-test.skip=^TestMutant$/./^(Service|Interrupted)$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), ofMutants+"="+strings.Join(names, ","))
	out, err := cmd.CombinedOutput()
	require.ErrorAs(t, err, new(*exec.ExitError), "the suite found nothing wrong")
	if i := strings.Index(string(out), "panic: "); i >= 0 {
		t.Fatal(string(out)[i:])
	}
	found := make(map[string][]string)
	for _, m := range failedTest.FindAllStringSubmatch(string(out), -1) {
		found[m[1]] = append(found[m[1]], m[2])
	}
	for _, name := range names {
		assert.NotEmpty(t, found[strings.ReplaceAll(name, "/", ":")], "%s passes", name)
	}
}
