package repository

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// CheckFigures returns the files where the time limit of "go test ./..." is not the given
// number of seconds: .ci/run must set limit to it, and each of the documents must mention
// it within three lines of the command.
func CheckFigures(root fs.FS, seconds int, documents ...string) ([]string, error) {
	var out []string
	run, err := fs.ReadFile(root, ".ci/run")
	if err != nil {
		return nil, err
	}
	setting := fmt.Sprintf("limit=%d", seconds)
	if !regexp.MustCompile(`(?m)^` + setting + `\b`).Match(run) {
		out = append(out, fmt.Sprintf(".ci/run: no line %q", setting))
	}
	for _, name := range documents {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		figure := fmt.Sprintf("%d seconds", seconds)
		if !near(strings.Split(string(text), "\n"), "go test ./...", figure, 3) {
			out = append(out, fmt.Sprintf("%s: no %q next to %q", name, figure, "go test ./..."))
		}
	}
	return out, nil
}

// near reports whether a line that contains one text is at most so many lines away from
// one that contains the other.
func near(lines []string, one, other string, distance int) bool {
	for i, line := range lines {
		if !strings.Contains(line, one) {
			continue
		}
		around := lines[max(0, i-distance):min(len(lines), i+distance+1)]
		if strings.Contains(strings.Join(around, " "), other) {
			return true
		}
	}
	return false
}
