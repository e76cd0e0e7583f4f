package setup_test

import "errors"

const vault = "quarantine@example.test"

// failingWriter is a pipe that nobody reads from any more.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }
