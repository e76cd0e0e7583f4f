package main

import (
	"strings"
	"unicode/utf8"
)

// minFolded is the minimum width of a folded column. A narrower terminal breaks the lines
// itself.
const minFolded = 24

// foldLast breaks the last column of a table at blanks, so that its lines fit the terminal
// and stay below their heading. The table ends at the first empty line.
func foldLast(lines []string, head string, columns int) []string {
	var folded []string
	at := -1
	for _, line := range lines {
		switch i := strings.Index(line, head); {
		case i > 0 && at < 0:
			at = i
		case line == "":
			at = -1
		case at >= 0 && columns-at >= minFolded && utf8.RuneCountInString(line) >= columns:
			folded = append(folded, foldFrom([]rune(line), at, columns-1)...)
			continue
		}
		folded = append(folded, line)
	}
	return folded
}

// foldFrom breaks a line after a column into lines of at most the given number of characters.
// A longer word stays whole, so that it can be copied.
func foldFrom(line []rune, at, most int) (lines []string) {
	now := string(line[:at])
	empty := true
	for word := range strings.FieldsSeq(string(line[at:])) {
		if !empty && utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > most {
			lines = append(lines, now)
			now, empty = strings.Repeat(" ", at), true
		}
		if !empty {
			now += " "
		}
		now, empty = now+word, false
	}
	return append(lines, now)
}
