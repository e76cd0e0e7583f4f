package ntlmserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const signature = "NTLMSSP\x00"

// Message types.
const (
	typeNegotiate    = 1
	typeChallenge    = 2
	typeAuthenticate = 3
)

// Flags of MS-NLMP 2.2.2.5 that matter here.
const (
	flagUnicode          = 1 << 0
	flagOEM              = 1 << 1
	flagRequestTarget    = 1 << 2
	flagSign             = 1 << 4
	flagSeal             = 1 << 5
	flagNTLM             = 1 << 9
	flagAlwaysSign       = 1 << 15
	flagTargetTypeServer = 1 << 17
	flagExtendedSecurity = 1 << 19
	flagTargetInfo       = 1 << 23
	flagVersion          = 1 << 25
	flag128              = 1 << 29
	flagKeyExchange      = 1 << 30
	flag56               = 1 << 31
)

// Ids of attribute-value pairs (MS-NLMP 2.2.2.1).
const (
	avEOL             = 0x0000
	avNbComputerName  = 0x0001
	avNbDomainName    = 0x0002
	avDNSComputerName = 0x0003
	avDNSDomainName   = 0x0004
	avFlags           = 0x0006
	avTimestamp       = 0x0007
	avChannelBindings = 0x000A
)

// avFlagMIC in the AV pair MsvAvFlags means that the message contains a MIC.
const avFlagMIC = 0x2

// micOffset is the position of the MIC in an AUTHENTICATE message, micSize its
// length.
const (
	micOffset = 72
	micSize   = 16
)

var errShort = errors.New("the message is too short")

// messageType returns the type of an NTLM message, or 0 if it is not one.
func messageType(msg []byte) uint32 {
	if len(msg) < 12 || string(msg[:8]) != signature {
		return 0
	}
	return binary.LittleEndian.Uint32(msg[8:])
}

// negotiateFlags returns the flags of a NEGOTIATE message.
func negotiateFlags(msg []byte) (uint32, error) {
	if messageType(msg) != typeNegotiate {
		return 0, errors.New("not a NEGOTIATE message")
	}
	if len(msg) < 16 {
		return 0, errShort
	}
	return binary.LittleEndian.Uint32(msg[12:]), nil
}

// Authenticate is a parsed AUTHENTICATE message. Its names are in Unicode, or otherwise
// in the server's code page ("OEM", MS-NLMP 2.2.2.5).
type Authenticate struct {
	Domain, User, Workstation string
	Flags                     uint32
	LM, NT                    []byte // the responses
	SessionKey                []byte // encrypted
	// MIC is nil unless the client's AV pairs announce one.
	MIC []byte
	// AV is the client's copy of the target information, from the NTLMv2
	// response.
	AV map[uint16][]byte
}

// ParseAuthenticate parses an AUTHENTICATE message. The result aliases msg.
func ParseAuthenticate(msg []byte) (*Authenticate, error) {
	if messageType(msg) != typeAuthenticate {
		return nil, errors.New("not an AUTHENTICATE message")
	}
	if len(msg) < 64 {
		return nil, errShort
	}
	a := &Authenticate{Flags: binary.LittleEndian.Uint32(msg[60:])}
	name := fromOEM
	if a.Flags&flagUnicode != 0 {
		name = fromUTF16
	}
	var domain, user, workstation []byte
	for _, f := range []struct {
		offset int
		to     *[]byte
	}{{12, &a.LM}, {20, &a.NT}, {28, &domain}, {36, &user}, {44, &workstation}, {52, &a.SessionKey}} {
		var err error
		if *f.to, err = field(msg, f.offset); err != nil {
			return nil, err
		}
	}
	a.Domain, a.User, a.Workstation = name(domain), name(user), name(workstation)
	// NTLMv2: 16 bytes of proof, 28 of header, then the pairs.
	if len(a.NT) < 44 {
		return nil, fmt.Errorf("the NT response has %d bytes: not NTLMv2", len(a.NT))
	}
	var err error
	if a.AV, err = parseAV(a.NT[44:]); err != nil {
		return nil, err
	}
	if v := a.AV[avFlags]; len(v) == 4 && binary.LittleEndian.Uint32(v)&avFlagMIC != 0 {
		if len(msg) < micOffset+micSize {
			return nil, errShort
		}
		a.MIC = msg[micOffset : micOffset+micSize]
	}
	return a, nil
}

// field reads the buffer that the length and offset at position at point to.
func field(msg []byte, at int) ([]byte, error) {
	n := uint64(binary.LittleEndian.Uint16(msg[at:]))
	start := uint64(binary.LittleEndian.Uint32(msg[at+4:]))
	if n == 0 {
		return nil, nil
	}
	if start+n > uint64(len(msg)) {
		return nil, errors.New("a field points beyond the message")
	}
	return msg[start : start+n], nil
}

// parseAV reads attribute-value pairs up to MsvAvEOL.
func parseAV(b []byte) (map[uint16][]byte, error) {
	pairs := make(map[uint16][]byte)
	for {
		if len(b) < 4 {
			return nil, errors.New("the AV pairs do not end in MsvAvEOL")
		}
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if id == avEOL {
			return pairs, nil
		}
		if len(b) < 4+n {
			return nil, errors.New("an AV pair is cut short")
		}
		if _, twice := pairs[id]; twice {
			return nil, fmt.Errorf("AV pair %#x appears twice", id)
		}
		pairs[id] = b[4 : 4+n]
		b = b[4+n:]
	}
}

func appendAV(b []byte, id uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

func toUTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUTF16(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

// toOEM returns an ASCII name in the form sent to clients that do not negotiate Unicode.
func toOEM(s string) []byte { return []byte(strings.ToUpper(s)) }

// fromOEM reads a name in a code page. Clients do not agree on which: some send UTF-8,
// Windows the DOS code page.
func fromOEM(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := charmap.CodePage437.NewDecoder().Bytes(b) // it has a character for each byte
	return string(s)
}
