package auth_test

import (
	"flag"
	"io"
	"log"
)

var whole = flag.Bool("whole", false, "change passwords and certificates 100 times, not 5, where that takes long")

// quiet keeps the handshake errors provoked by tests out of their output.
var quiet = log.New(io.Discard, "", 0)
