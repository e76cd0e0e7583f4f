package quarantine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func sampleStamp() quarantine.Stamp {
	return quarantine.Stamp{
		Operation: "abcdefghijklmnopqrstuvwxy2",
		Mailbox:   "alice@example.test",
		Folder:    quarantine.Folder{ID: "AAMk+id/==", Path: "/inbox/Projects/2026", Base: "inbox", Below: "Projects/2026"},
		Direction: quarantine.ToQuarantine,
		Read:      true,
		At:        time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		Reason:    "credential phishing",
	}
}

func TestStampRoundTrip(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*quarantine.Stamp){
		"as it is":        func(*quarantine.Stamp) {},
		"restoring":       func(s *quarantine.Stamp) { s.Direction = quarantine.ToUser; s.Read = false },
		"no folder":       func(s *quarantine.Stamp) { s.Folder = quarantine.Folder{Path: "/"} },
		"base itself":     func(s *quarantine.Stamp) { s.Folder = quarantine.Folder{ID: "x", Path: "/inbox", Base: "inbox"} },
		"path for people": func(s *quarantine.Stamp) { s.Folder.Path = "/Posteingang/Projects/2026" },
		"below the top": func(s *quarantine.Stamp) {
			s.Folder = quarantine.Folder{Path: "/Projects", Base: "msgfolderroot", Below: "Projects"}
		},
		"no reason":       func(s *quarantine.Stamp) { s.Reason = "" },
		"longest address": func(s *quarantine.Stamp) { s.Mailbox = strings.Repeat("a", 241) + "@example.test" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := sampleStamp()
			change(&want)
			values := want.Values()
			require.Len(t, values, len(quarantine.StampNames()))
			for name, v := range values {
				assert.Less(t, len(v), 255, name)
			}
			got := quarantine.ParseStamp(values)
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
	got := quarantine.ParseStamp(s.Values())
	require.NotNil(t, got)
	assert.Empty(t, got.Folder.ID)
	assert.Empty(t, got.Folder.Below)
	assert.True(t, strings.HasPrefix(got.Reason, "a b  üü"), got.Reason)
	assert.LessOrEqual(t, len(got.Reason), quarantine.MaxReason)
	for _, v := range s.Values() {
		assert.Less(t, len(v), 255)
	}
}

func TestStampOfEarlierVersionIsRead(t *testing.T) {
	t.Parallel()
	values := sampleStamp().Values()
	values[quarantine.StampPath] = "inbox|Projects/2026" // as it was without the path for people
	got := quarantine.ParseStamp(values)
	require.NotNil(t, got)
	assert.Equal(t, sampleStamp(), *got)

	s := sampleStamp()
	s.Folder.Path = "/Posteingang/" + strings.Repeat("p", 100) + "/" + s.Folder.Below
	s.Folder.Below = strings.Repeat("p", 150)
	got = quarantine.ParseStamp(s.Values())
	require.NotNil(t, got)
	assert.Equal(t, s.Folder.Below, got.Folder.Below, "what undo needs goes before what people read")
}

func TestDamagedStampIsNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]string){
		"no operation":       func(v map[string]string) { delete(v, quarantine.StampOperation) },
		"odd operation":      func(v map[string]string) { v[quarantine.StampOperation] = "../../etc/passwd.........." },
		"no mailbox":         func(v map[string]string) { v[quarantine.StampMailbox] = "" },
		"mailbox no address": func(v map[string]string) { v[quarantine.StampMailbox] = "alice" },
		"no state":           func(v map[string]string) { delete(v, quarantine.StampState) },
		"state of a future":  func(v map[string]string) { v[quarantine.StampState] = "2|q|1|0|" },
		"no direction":       func(v map[string]string) { v[quarantine.StampState] = "1|x|1|0|" },
		"time no number":     func(v map[string]string) { v[quarantine.StampState] = "1|q|1|now|" },
		"state cut":          func(v map[string]string) { v[quarantine.StampState] = "1|q|1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := sampleStamp().Values()
			change(values)
			assert.Nil(t, quarantine.ParseStamp(values))
		})
	}
}

func FuzzParseStamp(f *testing.F) {
	v := sampleStamp().Values()
	f.Add(v[quarantine.StampOperation], v[quarantine.StampMailbox], v[quarantine.StampFolderID], v[quarantine.StampPath], v[quarantine.StampState])
	f.Fuzz(func(t *testing.T, op, mailbox, id, path, state string) {
		s := quarantine.ParseStamp(map[string]string{
			quarantine.StampOperation: op, quarantine.StampMailbox: mailbox, quarantine.StampFolderID: id,
			quarantine.StampPath: path, quarantine.StampState: state,
		})
		if s == nil {
			return
		}
		again := quarantine.ParseStamp(s.Values())
		if again == nil || again.Operation != s.Operation || again.Direction != s.Direction || again.Read != s.Read {
			t.Fatalf("a stamp does not survive: %+v, then %+v", s, again)
		}
	})
}
