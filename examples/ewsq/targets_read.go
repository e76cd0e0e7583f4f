package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// readTargets reads JSON lines if the first character is a brace, otherwise CSV, and calls
// complete for each target.
func readTargets(in io.Reader, complete func(quarantine.Target) quarantine.Target) (targetList, error) {
	list := targetList{complete: complete, seen: make(map[targetKey]struct{})}
	r := bufio.NewReader(in)
	if mark, _ := r.Peek(3); bytes.Equal(mark, []byte("\xEF\xBB\xBF")) {
		_, _ = r.Discard(3)
	}
	if mark, _ := r.Peek(2); bytes.Equal(mark, []byte("\xFF\xFE")) || bytes.Equal(mark, []byte("\xFE\xFF")) || bytes.IndexByte(mark, 0) >= 0 {
		return list, errors.New("is UTF-16; save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)")
	}
	skipped, err := skipBlanks(r)
	if err != nil {
		return list, err
	}
	comma, more, err := skipPreamble(r)
	if err != nil {
		return list, err
	}
	skipped += more
	switch b, _ := r.Peek(1); {
	case len(b) == 0:
		return list, errEmptyList
	case b[0] == '{':
		err = targetsFromJSON(r, skipped, &list)
	case b[0] == '[':
		err = errors.New("is a JSON array; ewsq reads one object a line: jq -c '.[]' FILE makes them of it")
	default:
		err = targetsFromCSV(r, comma, skipped, &list)
	}
	list.seen = nil
	if err == nil && list.targets.len()+list.passed == 0 {
		err = errors.New("names no message; add at least one below the first line")
	}
	return list, err
}

var errEmptyList = errors.New("is empty; it must name at least one message")

// skipBlanks skips white space and returns how many lines it skipped.
func skipBlanks(r *bufio.Reader) (lines int, err error) {
	for {
		b, err := r.Peek(1)
		if err == io.EOF {
			return lines, errEmptyList
		}
		if err != nil {
			return lines, err
		}
		if strings.IndexByte(" \t\r\n", b[0]) < 0 {
			return lines, nil
		}
		if b[0] == '\n' {
			lines++
		}
		_, _ = r.Discard(1)
	}
}

// skipPreamble skips the lines that programs put before the column names: Excel declares the
// separator (sep=;), PowerShell the type of the exported objects. It returns the separator,
// or zero if it is not declared, and how many lines it skipped.
func skipPreamble(r *bufio.Reader) (comma rune, lines int, err error) {
	for {
		start, _ := r.Peek(4096)
		line, _, whole := bytes.Cut(start, []byte("\n"))
		if !whole && bytes.IndexByte(line, '\r') >= 0 && start[0] != '{' && start[0] != '[' {
			return 0, 0, errors.New("has carriage returns where its lines end, and no line feeds; save it with Windows or Unix line ends")
		}
		text := strings.Trim(strings.TrimSpace(string(line)), `"`)
		switch sep, isSep := strings.CutPrefix(strings.ToLower(text), "sep="); {
		case isSep && (sep == "," || sep == ";"):
			comma = rune(sep[0])
		case isSep && sep == "" && bytes.HasSuffix(bytes.TrimRight(line, "\r"), []byte("\t")):
			comma = '\t'
		case strings.HasPrefix(text, "#TYPE "):
		default:
			return comma, lines, nil
		}
		if _, err := r.Discard(min(len(line)+1, len(start))); err != nil {
			return 0, 0, err
		}
		lines++
	}
}
