package counters

import (
	"crypto/tls"
	"net/http/httptrace"
)

// connections returns a trace that counts the connections and handshakes of a request.
func (c *Counters) connections() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.v.Connections++
			}
		},
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.v.Handshakes++
			}
		},
	}
}
