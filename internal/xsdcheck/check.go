package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// batch is the number of files per run of xmllint, which reads the schemas each
// time.
const batch = 500

// report is the result of a check.
type report struct {
	valid   int
	leftOut map[string]int // by reason
	invalid []string       // output of xmllint
}

// String returns the report in lines.
func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d documents match the schema, %d do not\n", r.valid, len(r.invalid))
	reasons := make([]string, 0, len(r.leftOut))
	for reason, n := range r.leftOut {
		reasons = append(reasons, fmt.Sprintf("%d left out: %s\n", n, reason))
	}
	slices.Sort(reasons)
	b.WriteString(strings.Join(reasons, ""))
	for _, s := range r.invalid {
		b.WriteString(s)
	}
	return b.String()
}

// check checks all files of the paths. A file that does not match the schema is
// an error, and so is having nothing to check.
func check(schema string, paths []string) (report, error) {
	r := report{leftOut: map[string]int{}}
	dir, err := os.MkdirTemp("", "xsdcheck-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	var files []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || name != path && filepath.Ext(name) != ".xml" {
				return err
			}
			file, reason, err := prepare(name, dir, len(files))
			if reason != "" {
				r.leftOut[reason]++
			} else if err == nil {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return r, err
		}
	}
	if len(files) == 0 {
		return r, errors.New("nothing to check: the paths contain no usable .xml file")
	}
	for part := range slices.Chunk(files, batch) {
		if err := r.lint(schema, part); err != nil {
			return r, err
		}
	}
	if len(r.invalid) > 0 {
		return r, fmt.Errorf("%d documents do not match the schema", len(r.invalid))
	}
	return r, nil
}

// prepare returns the file to check in place of name, or why name is left out.
func prepare(name, dir string, n int) (file, reason string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	if base, ok := strings.CutSuffix(name, "-request.xml"); ok {
		answer, err := os.ReadFile(base + "-response.xml")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", "a request without an answer", nil
		case err != nil:
			return "", "", err
		case bytes.Contains(answer, []byte(">ErrorInvalidServerVersion<")) && !published.Match(text):
			return "", "a request in a version that does not exist, which the server refused", nil
		case refused(answer):
			return "", "a request that the server refused for its form", nil
		}
	}
	if newer.Match(text) {
		return "", "a request in a version of the schema later than the published one", nil
	}
	clean, changed := allowed(text)
	if !bytes.Contains(clean, []byte("Envelope>")) {
		return "", "no SOAP envelope", nil
	}
	if !changed {
		return name, "", nil
	}
	file = filepath.Join(dir, fmt.Sprintf("%d-%s", n, filepath.Base(name)))
	return file, "", os.WriteFile(file, clean, 0o600)
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

// lint runs xmllint on files and adds the results.
func (r *report) lint(schema string, files []string) error {
	cmd := exec.Command("xmllint", append([]string{"--nonet", "--noout", "--schema", schema}, files...)...)
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return fmt.Errorf("%w; install it (Debian: libxml2-utils)", err)
	}
	var said strings.Builder
	verdicts := 0
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasSuffix(line, " validates\n"):
			r.valid++
			verdicts++
		case strings.HasSuffix(line, " fails to validate\n"):
			r.invalid = append(r.invalid, said.String()+line)
			said.Reset()
			verdicts++
		default:
			said.WriteString(line)
		}
	}
	// xmllint prints no verdict for files that it cannot parse.
	if missing := len(files) - verdicts; missing > 0 {
		r.invalid = append(r.invalid, fmt.Sprintf("%d documents are not well-formed:\n%s", missing, said.String()))
	}
	return nil
}
