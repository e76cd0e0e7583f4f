package exchange

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// maxPasswordFile bounds a file with a password, in bytes.
const maxPasswordFile = 4 << 10

// readPassword reads the password from a file: its only line, without the line ending.
// Errors quote none of it.
func readPassword(file string) (string, error) {
	refuse := func(problem string) (string, error) {
		return "", driver.Invalid("configuration", "authentication.passwordFile", problem)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("authentication.passwordFile: %w; correct the path, or let this account read the file", withoutPath(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPasswordFile+1))
	if err != nil {
		return "", fmt.Errorf("authentication.passwordFile: %w; set it to the path of a file that this account can read", withoutPath(err))
	}
	if len(text) > maxPasswordFile {
		return refuse("is larger than 4 KiB; check that it is the right file: it has the password as its only line")
	}
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case password == "":
		return refuse("is empty; write the password into it, as its only line")
	case !utf8.ValidString(password):
		return refuse("is not UTF-8; save it as UTF-8")
	case strings.ContainsAny(password, "\r\n\x00"):
		return refuse("has more than one line; write the password into it, as its only line")
	}
	return password, nil
}
