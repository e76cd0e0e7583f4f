package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// documents are the files to check. Of files that are identical, byte for byte, one is
// checked: four fifths of what tests send and receive are identical to another file.
type documents struct {
	dir   string // for documents that are changed before the check
	files []string
	alike map[string]int // number of documents identical to one of files
	seen  map[[sha256.Size]byte]string
}

func newDocuments(dir string) *documents {
	return &documents{dir: dir, alike: map[string]int{}, seen: map[[sha256.Size]byte]string{}}
}

// add adds a file, or returns the reason why it is left out.
func (d *documents) add(name string) (reason string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if reason, err := unanswered(name, text); reason != "" || err != nil {
		return reason, err
	}
	if newer.Match(text) {
		return "a request in a version of the schema later than the published one", nil
	}
	if !bytes.Contains(text, []byte("Envelope>")) {
		return "no SOAP envelope", nil
	}
	sum := sha256.Sum256(text)
	file, again := d.seen[sum]
	if !again {
		file = name
		if clean, changed := allowed(text); changed {
			file = filepath.Join(d.dir, fmt.Sprintf("%d-%s", len(d.files), filepath.Base(name)))
			if err := os.WriteFile(file, clean, 0o600); err != nil {
				return "", err
			}
		}
		d.seen[sum], d.files = file, append(d.files, file)
	}
	d.alike[file]++
	return "", nil
}

// unanswered returns the reason why a request is left out, judging by its answer.
func unanswered(name string, text []byte) (reason string, err error) {
	base, ok := strings.CutSuffix(name, "-request.xml")
	if !ok {
		return "", nil
	}
	answer, err := os.ReadFile(base + "-response.xml")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "a request without an answer", nil
	case err != nil:
		return "", err
	case bytes.Contains(answer, []byte(">ErrorInvalidServerVersion<")) && !published.Match(text):
		return "a request in a version that does not exist, which the server refused", nil
	case refused(answer):
		return "a request that the server refused for its form", nil
	}
	return "", nil
}

// newer matches a request with a version after V2016_10_10. Tests send such
// requests to see how the server reacts; this module's client never does.
var newer = regexp.MustCompile(`RequestServerVersion Version="V20(1[7-9]|[2-9][0-9])_`)

// published matches a request with one of the versions that this module's client
// knows.
var published = regexp.MustCompile(`RequestServerVersion Version="Exchange201(0|0_SP1|0_SP2|3|3_SP1)"`)

// refused reports whether an answer is empty or reports that the request was not
// well-formed or did not match the schema. A fault without detail has the code in
// faultcode only.
func refused(answer []byte) bool {
	for _, code := range []string{"ErrorSchemaValidation", "ErrorInvalidRequest"} {
		if bytes.Contains(answer, []byte(">"+code+"<")) || bytes.Contains(answer, []byte(":"+code+"</faultcode>")) {
			return true
		}
	}
	return len(bytes.TrimSpace(answer)) == 0
}
