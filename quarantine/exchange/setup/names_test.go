package setup_test

import "errors"

const vault = "quarantine@example.test"

// failingWriter is a closed pipe.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }
