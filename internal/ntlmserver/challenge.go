package ntlmserver

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

// handshake is the server's state between its challenge and the answer.
type handshake struct {
	negotiate, challenge []byte
	nonce                [8]byte
}

// newHandshake answers a NEGOTIATE message.
func (s *Server) newHandshake(negotiate []byte) (*handshake, error) {
	flags, err := negotiateFlags(negotiate)
	if err != nil {
		return nil, err
	}
	h := &handshake{negotiate: negotiate}
	rand.Read(h.nonce[:]) // never fails
	// As Windows does, it answers in kind: in Unicode to clients that can read it, in OEM
	// to others; with the target's name on request, and always with target information.
	offered := flags & (flagUnicode | flagOEM | flagSign | flagSeal | flagNTLM | flagAlwaysSign | flagExtendedSecurity | flagVersion | flag128 | flagKeyExchange | flag56)
	offered |= flagNTLM | flagTargetInfo
	var target []byte
	if flags&flagUnicode != 0 {
		offered &^= flagOEM
	}
	if flags&flagRequestTarget != 0 {
		offered |= flagRequestTarget | flagTargetTypeServer
		target = toOEM(s.opts.Computer)
		if flags&flagUnicode != 0 {
			target = toUTF16(s.opts.Computer)
		}
	}
	info := s.targetInfo() // its names are always in Unicode
	const header = 56
	b := append([]byte(signature), typeChallenge, 0, 0, 0)
	b = appendField(b, len(target), header)
	b = binary.LittleEndian.AppendUint32(b, offered)
	b = append(b, h.nonce[:]...)
	b = append(b, make([]byte, 8)...)
	b = appendField(b, len(info), header+len(target))
	b = append(b, 10, 0, 0, 0, 0, 0, 0, 15) // version
	b = append(b, target...)
	h.challenge = append(b, info...)
	return h, nil
}

func (s *Server) targetInfo() []byte {
	var info []byte
	dns := strings.ToLower(s.opts.Domain) + ".test"
	info = appendAV(info, avNbDomainName, toUTF16(s.opts.Domain))
	info = appendAV(info, avNbComputerName, toUTF16(s.opts.Computer))
	info = appendAV(info, avDNSDomainName, toUTF16(dns))
	info = appendAV(info, avDNSComputerName, toUTF16(strings.ToLower(s.opts.Computer)+"."+dns))
	now := uint64(time.Now().UnixNano()/100) + 116444736000000000
	info = appendAV(info, avTimestamp, binary.LittleEndian.AppendUint64(nil, now))
	return appendAV(info, avEOL, nil)
}

func appendField(b []byte, n, offset int) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	return binary.LittleEndian.AppendUint32(b, uint32(offset))
}
