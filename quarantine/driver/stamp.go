package driver

import (
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Direction is which way a stamped item was last sent.
type Direction string

// Directions.
const (
	ToQuarantine Direction = "q"
	ToUser       Direction = "r"
	// Surplus is the direction of a copy that nobody needs: it is kept, and not counted.
	Surplus Direction = "s"
)

// Stamp is the provenance of an item: the operation it belongs to, where it
// came from, and what undo needs; and a lease, under which one run carries the
// item. It is stored in seven named properties of the item, each under 255
// characters, because longer values are truncated in search results.
type Stamp struct {
	// Operation identifies the item in quarantine, from its first stamp until it
	// is restored.
	Operation string

	// Attempt identifies one attempt to carry the item: it is new each time, and
	// travels with the copy. Only an item at the destination with the original's
	// attempt is a copy of it. Empty in stamps of versions before 2.
	Attempt string
	// Lease is the time from which nothing of the attempt can arrive any more,
	// to the millisecond. Until then, nobody else carries the item.
	Lease time.Time
	// Rebuilt is set by a driver in the stamp of a copy that it has rebuilt from
	// the message, so that the copy is compared accordingly: see
	// [Carried.Faithful].
	Rebuilt bool
	// Print and Seal belong to the engine: Print is what the item is recognised
	// by, and Seal a code that shows who wrote the stamp.
	Print, Seal string

	Mailbox   string // mailbox it came from
	Folder    Folder // folder of that mailbox
	Direction Direction
	Read      bool // whether the user had read it
	At        time.Time
	Reason    string // truncated to MaxReason bytes

	// IDs is the system that Folder belongs to: see [Strategy.System]. Only a driver for
	// that system uses the folder's id as an id. Empty in stamps of earlier versions,
	// which means [SystemEWS].
	IDs string
	// Reference is what the caller calls the case, such as an alert's id: see
	// [ValidReference]. It is not sealed. Default: none.
	Reference string
}

// StampSet is the GUID of the property set that holds the stamp's properties,
// where a mail system has property sets, as MAPI and EWS do.
const StampSet = "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2"

// Names of the stamp's properties within [StampSet]; all are strings.
const (
	StampOperation = "QuarantineOperation"
	StampMailbox   = "QuarantineMailbox"
	StampFolderID  = "QuarantineFolderId"
	StampPath      = "QuarantineFolderPath"
	StampState     = "QuarantineState"
	StampAttempt   = "QuarantineAttempt"
	StampLease     = "QuarantineLease"
)

// StampNames returns the names of the stamp's properties, the operation first.
func StampNames() []string {
	return []string{StampOperation, StampMailbox, StampFolderID, StampPath, StampState, StampAttempt, StampLease}
}

// MaxReason is how many bytes of the reason a stamp keeps.
const MaxReason = 96

// Values returns the stamp's properties by name. A folder id or path that is
// too long is left out.
func (s Stamp) Values() map[string]string {
	fit := func(v string) string {
		if len(v) >= CutLength {
			return ""
		}
		return v
	}
	read := "0"
	if s.Read {
		read = "1"
	}
	state := strings.Join([]string{"1", string(s.Direction), read, strconv.FormatInt(s.At.Unix(), 10), cutUTF8(clean(s.Reason), MaxReason)}, "|")
	if s.IDs != "" || s.Reference != "" {
		state += "|" + s.IDs + "|" + s.Reference
	}
	return map[string]string{
		StampOperation: s.Operation,
		StampMailbox:   strings.ToLower(s.Mailbox),
		StampFolderID:  fit(s.Folder.ID),
		StampPath:      fit(s.path(fit)),
		StampState:     state,
		StampAttempt:   s.Attempt,
		StampLease:     s.lease(),
	}
}

// lease returns the part of the stamp that did not exist in version 1.
func (s Stamp) lease() string {
	if s.Attempt == "" {
		return ""
	}
	rebuilt := "0"
	if s.Rebuilt {
		rebuilt = "1"
	}
	return strings.Join([]string{"2", strconv.FormatInt(s.Lease.UnixMilli(), 10), rebuilt, s.Print, s.Seal}, "|")
}

// parseLease reads what lease wrote. It returns false if that is damaged.
func (s *Stamp) parseLease(attempt, lease string) bool {
	if attempt == "" && lease == "" {
		return true // version 1
	}
	parts := strings.Split(lease, "|")
	if !ValidOperation(attempt) || len(parts) != 5 || parts[0] != "2" {
		return false
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return false
	}
	s.Attempt, s.Lease, s.Rebuilt, s.Print, s.Seal = attempt, time.UnixMilli(until).UTC(), parts[2] == "1", parts[3], parts[4]
	return true
}

// path returns the folder's place for the server and, if it fits, the part of
// its display path that the place does not imply.
func (s Stamp) path(fit func(string) string) string {
	place := s.Folder.Base + "|" + s.Folder.Below
	shown := s.Folder.Path
	if s.Folder.Below != "" {
		shown = strings.TrimSuffix(shown, "/"+s.Folder.Below)
	}
	if !forPeople(shown) {
		return place
	}
	return cmp.Or(fit(place+"|"+shown), place)
}

// forPeople reports whether the last part of a value can be the path for people,
// rather than part of a driver's name with a bar in it.
func forPeople(part string) bool {
	return part == "" || part[0] == '/' && !strings.Contains(part, "|")
}

// ParseStamp reads a stamp from the values of its properties. It returns nil if
// the stamp is missing or damaged: such an item counts as unstamped.
func ParseStamp(values map[string]string) *Stamp {
	s := &Stamp{Operation: values[StampOperation], Mailbox: values[StampMailbox]}
	if !ValidOperation(s.Operation) || !plausibleAddress(s.Mailbox) {
		return nil
	}
	s.Folder.ID = values[StampFolderID]
	base, below, _ := strings.Cut(values[StampPath], "|")
	shown := "/" + base // a stamp from an earlier version, or one with a long path
	if i := strings.LastIndexByte(below, '|'); i >= 0 && forPeople(below[i+1:]) {
		below, shown = below[:i], below[i+1:]
	}
	s.Folder.Base, s.Folder.Below = base, below
	s.Folder.Path = shown
	if below != "" {
		s.Folder.Path += "/" + below
	}
	// The reason contains no bar; the reference may.
	state := strings.SplitN(values[StampState], "|", 7)
	if len(state) != 5 && len(state) != 7 || state[0] != "1" {
		return nil
	}
	s.Direction = Direction(state[1])
	if s.Direction != ToQuarantine && s.Direction != ToUser && s.Direction != Surplus {
		return nil
	}
	if !s.parseLease(values[StampAttempt], values[StampLease]) {
		return nil
	}
	s.Read = state[2] == "1"
	at, err := strconv.ParseInt(state[3], 10, 64)
	if err != nil {
		return nil
	}
	s.At = time.Unix(at, 0).UTC()
	s.Reason = state[4]
	if len(state) == 7 {
		s.IDs, s.Reference = state[5], state[6]
	}
	if s.IDs != "" && !ValidSystem(s.IDs) {
		s.IDs = unknownSystem
	}
	if !ValidReference(s.Reference) {
		s.Reference = ""
	}
	return s
}

// unknownSystem is the system of a stamp that names an impossible one. No driver has
// it, so the stamp's ids are not used.
const unknownSystem = "unknown"

// NewOperation returns a new name for an operation or an attempt: 26
// characters, 128 random bits.
func NewOperation() string {
	var b [16]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// ValidOperation reports whether op is a name that [NewOperation] could return.
func ValidOperation(op string) bool {
	if len(op) != 26 {
		return false
	}
	for _, c := range []byte(op) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// plausibleAddress reports whether address could be the mailbox in a stamp.
func plausibleAddress(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	return ok && local != "" && domain != "" && len(address) < CutLength && utf8.ValidString(address) &&
		!strings.ContainsAny(address, " \t<>,;:\"") && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF })
}

// clean replaces the separator and characters that a property cannot hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '|' || r == 0x7F || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, s)
}

func cutUTF8(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
