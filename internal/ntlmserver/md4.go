package ntlmserver

import (
	"encoding/binary"
	"math/bits"
)

// md4 returns the MD4 digest of data (RFC 1320). It is broken as a hash, but NTLM
// derives its key from it.
func md4(data []byte) []byte {
	padded := append([]byte(nil), data...)
	padded = append(padded, 0x80)
	for len(padded)%64 != 56 {
		padded = append(padded, 0)
	}
	padded = binary.LittleEndian.AppendUint64(padded, uint64(len(data))*8)

	h := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	for ; len(padded) > 0; padded = padded[64:] {
		md4Block(&h, padded[:64])
	}
	var out []byte
	for _, word := range h {
		out = binary.LittleEndian.AppendUint32(out, word)
	}
	return out
}

// md4Order is, for each round, the word of the block that each step uses.
var md4Order = [3][16]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
	{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
}

// md4Shift is how far each step of a round rotates, repeating every four steps.
var md4Shift = [3][4]int{{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}}

func md4Block(h *[4]uint32, block []byte) {
	var x [16]uint32
	for i := range x {
		x[i] = binary.LittleEndian.Uint32(block[4*i:])
	}
	a, b, c, d := h[0], h[1], h[2], h[3]
	for round := range 3 {
		for step := range 16 {
			var mix uint32
			switch round {
			case 0:
				mix = b&c | ^b&d
			case 1:
				mix = (b&c | b&d | c&d) + 0x5a827999
			case 2:
				mix = (b ^ c ^ d) + 0x6ed9eba1
			}
			sum := a + mix + x[md4Order[round][step]]
			a, d, c, b = d, c, b, bits.RotateLeft32(sum, md4Shift[round][step%4])
		}
	}
	h[0] += a
	h[1] += b
	h[2] += c
	h[3] += d
}
