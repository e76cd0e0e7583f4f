package main

import (
	"regexp"
	"strings"
)

// item matches a line with a term, followed by its meaning in a separate column.
var item = regexp.MustCompile(`^( *\S.*?  +)(\S.*)$`)

// filled rewraps the paragraphs of a text so that no line is too long. The lines of a
// paragraph are in one column: that of its first line, or that of a term's meaning. Lines
// with an indent of their own, such as commands, stay as they are.
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
