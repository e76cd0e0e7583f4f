package driver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func sampleStamp() driver.Stamp {
	return driver.Stamp{
		Operation: "abcdefghijklmnopqrstuvwxy2",
		Mailbox:   "alice@example.test",
		Folder:    driver.Folder{ID: "AAMk+id/==", Path: "/inbox/Projects/2026", Base: "inbox", Below: "Projects/2026"},
		Direction: driver.ToQuarantine,
		Read:      true,
		At:        time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		Reason:    "credential phishing",
	}
}

func TestStampRoundTrip(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*driver.Stamp){
		"as it is":        func(*driver.Stamp) {},
		"restoring":       func(s *driver.Stamp) { s.Direction = driver.ToUser; s.Read = false },
		"no folder":       func(s *driver.Stamp) { s.Folder = driver.Folder{Path: "/"} },
		"base itself":     func(s *driver.Stamp) { s.Folder = driver.Folder{ID: "x", Path: "/inbox", Base: "inbox"} },
		"path for people": func(s *driver.Stamp) { s.Folder.Path = "/Posteingang/Projects/2026" },
		"below the top": func(s *driver.Stamp) {
			s.Folder = driver.Folder{Path: "/Projects", Base: "msgfolderroot", Below: "Projects"}
		},
		"bars in names": func(s *driver.Stamp) { s.Folder = driver.Folder{Path: "/Top/a|b/c|", Base: "top", Below: "a|b/c|"} },
		"no reason":     func(s *driver.Stamp) { s.Reason = "" },
		"system":        func(s *driver.Stamp) { s.IDs = "graph" },
		"reference":     func(s *driver.Stamp) { s.Reference = "INC 1|2|Zoë" },
		"everything, and as long as can be": func(s *driver.Stamp) {
			s.IDs, s.Reference, s.Reason = strings.Repeat("g", 16), strings.Repeat("r", driver.MaxReference), strings.Repeat("w", driver.MaxReason)
			s.At = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
		},
		"longest address": func(s *driver.Stamp) { s.Mailbox = strings.Repeat("a", 241) + "@example.test" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := sampleStamp()
			change(&want)
			values := want.Values()
			require.Len(t, values, len(driver.StampNames()))
			for name, v := range values {
				assert.Less(t, len(v), 255, name)
			}
			got := driver.ParseStamp(values)
			require.NotNil(t, got)
			assert.Equal(t, want, *got)
		})
	}
}

func TestStampKeepsWithinItsLimits(t *testing.T) {
	t.Parallel()
	s := sampleStamp()
	s.Folder.ID = strings.Repeat("i", 300)
	s.Folder.Below = strings.Repeat("p", 300)
	s.Reason = "a|b\x01\n" + strings.Repeat("ü", 200)
	got := driver.ParseStamp(s.Values())
	require.NotNil(t, got)
	assert.Empty(t, got.Folder.ID)
	assert.Empty(t, got.Folder.Below)
	assert.True(t, strings.HasPrefix(got.Reason, "a b  üü"), got.Reason)
	assert.LessOrEqual(t, len(got.Reason), driver.MaxReason)
	for _, v := range s.Values() {
		assert.Less(t, len(v), 255)
	}
}

func TestStampOfEarlierVersionIsRead(t *testing.T) {
	t.Parallel()
	values := sampleStamp().Values()
	values[driver.StampPath] = "inbox|Projects/2026" // as it was before it had the path for people
	got := driver.ParseStamp(values)
	require.NotNil(t, got)
	assert.Equal(t, sampleStamp(), *got)

	s := sampleStamp()
	s.Folder.Path = "/Post|eingang/" + s.Folder.Below
	got = driver.ParseStamp(s.Values())
	require.NotNil(t, got)
	assert.Equal(t, sampleStamp(), *got, "a path for people that cannot be told from a name is left out")

	s.Folder.Path = "/Posteingang/" + strings.Repeat("p", 100) + "/" + s.Folder.Below
	s.Folder.Below = strings.Repeat("p", 150)
	got = driver.ParseStamp(s.Values())
	require.NotNil(t, got)
	assert.Equal(t, s.Folder.Below, got.Folder.Below, "what undo needs goes before what people read")
}

// An impossible system or reference does no harm: the ids then belong to no system, and
// no case is meant.
func TestOddIdentityInAStamp(t *testing.T) {
	t.Parallel()
	for state, want := range map[string][2]string{
		"1|q|1|0|why|ews|INC-1":    {"ews", "INC-1"},
		"1|q|1|0|why||INC-1":       {"", "INC-1"},
		"1|q|1|0|why|ews|":         {"ews", ""},
		"1|q|1|0|why|EWS!|INC-1":   {"unknown", "INC-1"},
		"1|q|1|0|why|ews|a\nb":     {"ews", ""},
		"1|q|1|0|why|ews|a|b|c":    {"ews", "a|b|c"},
		"1|q|1|0|why":              {"", ""},
		"1|q|1|0|why|ews| blank a": {"ews", ""},
	} {
		values := sampleStamp().Values()
		values[driver.StampState] = state
		got := driver.ParseStamp(values)
		require.NotNil(t, got, state)
		assert.Equal(t, want, [2]string{got.IDs, got.Reference}, state)
		assert.Equal(t, "why", got.Reason)
		assert.Equal(t, got, driver.ParseStamp(got.Values()), state)
	}
	assert.True(t, driver.SameSystem("", driver.SystemEWS))
	assert.False(t, driver.SameSystem("", "unknown"))
}

func TestDamagedStampIsNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]string){
		"no operation":       func(v map[string]string) { delete(v, driver.StampOperation) },
		"odd operation":      func(v map[string]string) { v[driver.StampOperation] = "../../etc/passwd.........." },
		"no mailbox":         func(v map[string]string) { v[driver.StampMailbox] = "" },
		"mailbox no address": func(v map[string]string) { v[driver.StampMailbox] = "alice" },
		"no state":           func(v map[string]string) { delete(v, driver.StampState) },
		"state of a future":  func(v map[string]string) { v[driver.StampState] = "2|q|1|0|" },
		"no direction":       func(v map[string]string) { v[driver.StampState] = "1|x|1|0|" },
		"time no number":     func(v map[string]string) { v[driver.StampState] = "1|q|1|now|" },
		"state cut":          func(v map[string]string) { v[driver.StampState] = "1|q|1" },
		"no reference":       func(v map[string]string) { v[driver.StampState] = "1|q|1|0|why|ews" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := sampleStamp().Values()
			change(values)
			assert.Nil(t, driver.ParseStamp(values))
		})
	}
}

func FuzzParseStamp(f *testing.F) {
	v := sampleStamp().Values()
	f.Add(v[driver.StampOperation], v[driver.StampMailbox], v[driver.StampFolderID], v[driver.StampPath], v[driver.StampState])
	f.Fuzz(func(t *testing.T, op, mailbox, id, path, state string) {
		s := driver.ParseStamp(map[string]string{
			driver.StampOperation: op, driver.StampMailbox: mailbox, driver.StampFolderID: id,
			driver.StampPath: path, driver.StampState: state,
		})
		if s == nil {
			return
		}
		again := driver.ParseStamp(s.Values())
		if again == nil || again.Operation != s.Operation || again.Direction != s.Direction || again.Read != s.Read || again.IDs != s.IDs || again.Reference != s.Reference {
			t.Fatalf("a stamp does not survive: %+v, then %+v", s, again)
		}
	})
}
