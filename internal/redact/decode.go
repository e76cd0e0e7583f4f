package redact

import (
	"bytes"
	"encoding/base64"
)

// leastRun is the length from which a run of characters is treated as base64. Shorter
// runs, which ordinary words can be, hold no token, and a password in them is found
// without decoding.
const leastRun = 24

// decode returns a text with runs of base64 decoded, and reports whether there were any:
// what was sent in base64 may come back encoded in base64 again. Each decoded byte maps
// to the whole run, which is struck out with it.
func (m mapped) decode() (mapped, bool) {
	var out mapped
	done := 0
	for i := 0; i < len(m.text); {
		n := 0
		for i+n < len(m.text) && inBase64(m.text[i+n]) {
			n++
		}
		if n >= leastRun {
			out = out.joined(m, done, i)
			done = i + n
			for _, b := range fromBase64(m.text[i:done]) {
				out.text, out.from, out.to = append(out.text, b), append(out.from, m.from[i]), append(out.to, m.to[done-1])
			}
		}
		i += n + 1
	}
	if done == 0 {
		return m, false
	}
	return out.joined(m, done, len(m.text)), true
}

// joined returns a text with a part of another appended.
func (m mapped) joined(other mapped, from, to int) mapped {
	return mapped{append(m.text, other.text[from:to]...), append(m.from, other.from[from:to]...), append(m.to, other.to[from:to]...)}
}

func inBase64(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '+' || b == '/' || b == '-' || b == '_'
}

// fromBase64 decodes a run of either alphabet, as far as it has whole groups.
func fromBase64(run []byte) []byte {
	run = bytes.Map(func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, run)
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	plain, _ := base64.RawStdEncoding.DecodeString(string(run)) // as far as it goes
	return plain
}
