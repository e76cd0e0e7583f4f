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

// Direction says which way the item that carries a stamp was last sent.
type Direction string

// Directions.
const (
	ToQuarantine Direction = "q"
	ToUser       Direction = "r"
)

// Stamp is the provenance of an item: which operation it belongs to, where it
// came from, and what undo needs. It is kept in five named properties of the
// item, each under 255 characters, because longer ones are cut in search
// results.
type Stamp struct {
	// Operation names the item in quarantine, from its first stamp to its
	// restore.
	Operation string
	Mailbox   string // where it came from
	Folder    Folder // where in that mailbox
	Direction Direction
	Read      bool // read state for the user
	At        time.Time
	Reason    string // cut to MaxReason bytes
}

// StampSet is the property set of the stamp's names, as MAPI and EWS spell it.
const StampSet = "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2"

// Names of the stamp's properties within [StampSet]; all are strings.
const (
	StampOperation = "QuarantineOperation"
	StampMailbox   = "QuarantineMailbox"
	StampFolderID  = "QuarantineFolderId"
	StampPath      = "QuarantineFolderPath"
	StampState     = "QuarantineState"
)

// StampNames lists the names, the operation first.
func StampNames() []string {
	return []string{StampOperation, StampMailbox, StampFolderID, StampPath, StampState}
}

// MaxReason is how many bytes of a reason a stamp keeps.
const MaxReason = 96

// Values returns the stamp as the values of its properties, by name. What does
// not fit is left out: an over-long folder id, or path.
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
	return map[string]string{
		StampOperation: s.Operation,
		StampMailbox:   strings.ToLower(s.Mailbox),
		StampFolderID:  fit(s.Folder.ID),
		StampPath:      fit(s.path(fit)),
		StampState:     state,
	}
}

// path returns where the folder is for the server, and after it, if there is
// room, the part of its path for people that the first does not tell.
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
// and no name with a bar in it, as drivers may have.
func forPeople(part string) bool {
	return part == "" || part[0] == '/' && !strings.Contains(part, "|")
}

// ParseStamp reads a stamp from the values of its properties. It returns nil if
// there is none or it is damaged: an item whose stamp cannot be read counts as
// unstamped.
func ParseStamp(values map[string]string) *Stamp {
	s := &Stamp{Operation: values[StampOperation], Mailbox: values[StampMailbox]}
	if !ValidOperation(s.Operation) || !plausibleAddress(s.Mailbox) {
		return nil
	}
	s.Folder.ID = values[StampFolderID]
	base, below, _ := strings.Cut(values[StampPath], "|")
	shown := "/" + base // a stamp of an earlier version, or one with a long path
	if i := strings.LastIndexByte(below, '|'); i >= 0 && forPeople(below[i+1:]) {
		below, shown = below[:i], below[i+1:]
	}
	s.Folder.Base, s.Folder.Below = base, below
	s.Folder.Path = shown
	if below != "" {
		s.Folder.Path += "/" + below
	}
	state := strings.SplitN(values[StampState], "|", 5)
	if len(state) != 5 || state[0] != "1" {
		return nil
	}
	s.Direction = Direction(state[1])
	if s.Direction != ToQuarantine && s.Direction != ToUser {
		return nil
	}
	s.Read = state[2] == "1"
	at, err := strconv.ParseInt(state[3], 10, 64)
	if err != nil {
		return nil
	}
	s.At = time.Unix(at, 0).UTC()
	s.Reason = state[4]
	return s
}

// NewOperation returns a new name for an operation: 26 characters, 128 random
// bits.
func NewOperation() string {
	var b [16]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// ValidOperation reports whether a string is a name that [NewOperation] may
// return.
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

// plausibleAddress reports whether a stamp may name a mailbox so.
func plausibleAddress(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	return ok && local != "" && domain != "" && len(address) < CutLength && utf8.ValidString(address) &&
		!strings.ContainsAny(address, " \t<>,;:\"") && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF })
}

// clean replaces what a property cannot carry, and the separator.
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
