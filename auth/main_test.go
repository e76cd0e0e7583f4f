package auth_test

import (
	"io"
	"log"
)

// quiet keeps the handshake errors provoked by tests out of their output.
var quiet = log.New(io.Discard, "", 0)
