package auth

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// Passwords can be tried offline against both responses.
func TestBothResponsesAreSecrets(t *testing.T) {
	t.Parallel()
	msg := make([]byte, 64)
	var parts []string
	for i, at := range []int{12, 20} { // MS-NLMP 2.2.1.3
		response := make([]byte, 24)
		for j := range response {
			response[j] = byte(i*97 + j*41)
		}
		binary.LittleEndian.PutUint16(msg[at:], uint16(len(response)))
		binary.LittleEndian.PutUint32(msg[at+4:], uint32(len(msg)))
		msg = append(msg, response...)
		parts = append(parts, hex.EncodeToString(response))
	}
	var sent redact.Secrets
	addResponses(&sent, msg)
	for _, part := range parts {
		assert.Equal(t, "you sent [redacted]", sent.Strike("you sent "+part))
	}
	addResponses(&sent, msg[:70]) // cut
}
