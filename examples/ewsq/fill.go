package main

import (
	"regexp"
	"strings"
)

// item is a line that begins with a term, and what it means in a column of its own.
var item = regexp.MustCompile(`^( *\S.*?  +)(\S.*)$`)

// filled breaks the paragraphs of a text anew so that no line is too long. A paragraph is
// what stands in one column: below its first line, or below what a term means. Lines that
// are indented for themselves, such as commands, stay as they are.
func filled(text string) string {
	var done, words []string
	head, column := "", -1 // of the paragraph; no column: none is open
	end := func() {
		if column >= 0 {
			done = append(done, wrap(head+strings.Join(words, " "), textWidth, strings.Repeat(" ", column)))
		}
		words, column = nil, -1
	}
	for line := range strings.SplitSeq(text, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch parts := item.FindStringSubmatch(line); {
		case strings.TrimSpace(line) == "":
			end()
			done = append(done, "")
		case parts != nil:
			end()
			head, column, words = parts[1], len(parts[1]), []string{parts[2]}
		case column >= 0 && indent == column:
			words = append(words, line[indent:])
		case indent > 0:
			end()
			done = append(done, line)
		default:
			end()
			head, column, words = "", 0, []string{line}
		}
	}
	end()
	return strings.Join(done, "\n")
}
