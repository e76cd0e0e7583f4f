package auth_test

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// Renegotiation is off unless it is requested; if it is, neither TLS 1.3 nor HTTP/2, which
// do not have it, is offered.
func TestRenegotiation(t *testing.T) {
	t.Parallel()
	usual := transport(t, nil)
	assert.Equal(t, tls.RenegotiateNever, usual.TLSClientConfig.Renegotiation)
	assert.Zero(t, usual.TLSClientConfig.MaxVersion)
	assert.True(t, usual.Protocols.HTTP2())
	asked := transport(t, &auth.TransportOptions{Renegotiation: true})
	assert.Equal(t, tls.RenegotiateOnceAsClient, asked.TLSClientConfig.Renegotiation)
	assert.EqualValues(t, tls.VersionTLS12, asked.TLSClientConfig.MaxVersion)
	assert.False(t, asked.Protocols.HTTP2())
}
