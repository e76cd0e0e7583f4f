package ewstest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// captureVariable is the environment variable that names the capture directory.
const captureVariable = "EWSTEST_CAPTURE"

// capture writes requests and answers to a directory.
type capture struct{ dir string }

func (j *journal) init(most int) {
	j.most = most
	parent := os.Getenv(captureVariable)
	if parent == "" {
		return
	}
	dir, err := os.MkdirTemp(parent, "server-")
	if err != nil {
		panic("ewstest: " + captureVariable + ": " + err.Error())
	}
	j.capture = &capture{dir}
}

func (c *capture) write(n int, operation, what string, body []byte) {
	name := filepath.Join(c.dir, fmt.Sprintf("%04d-%s-%s.xml", n, operation, what))
	if err := os.WriteFile(name, body, 0o600); err != nil {
		panic("ewstest: " + captureVariable + ": " + err.Error())
	}
}

// cutBody returns the body of an answer with large content truncated.
func cutBody(pieces []piece) []byte {
	var b bytes.Buffer
	for _, p := range pieces {
		b.Write(p.raw)
		if p.content != nil {
			_, _ = io.CopyN(&b, piece{content: p.content}.reader(), largeText)
		}
	}
	return b.Bytes()
}
