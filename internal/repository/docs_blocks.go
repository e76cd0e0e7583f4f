package repository

import (
	"fmt"
	"regexp"
	"strings"
)

// Block is a fenced block of Go code in a Markdown file.
type Block struct {
	File string
	Line int // of the first line of code
	Code string
}

// fence matches a line that opens or closes a block: its indentation, the fence itself
// and what follows.
var fence = regexp.MustCompile("^([ \t]*)(```+|~~~+)[ \t]*(.*)$")

// Blocks returns the blocks of a Markdown file that are marked as Go, without their
// indentation. An unclosed block is an error.
func Blocks(f TextFile) ([]Block, error) {
	var out []Block
	var open []string // submatches of the fence that opened the current block
	var cur Block
	for i, line := range strings.Split(f.Text, "\n") {
		m := fence.FindStringSubmatch(strings.TrimRight(line, "\r"))
		switch {
		case open == nil && m != nil:
			open, cur = m, Block{File: f.Path, Line: i + 2}
		case open == nil:
		case m != nil && m[3] == "" && strings.HasPrefix(m[2], open[2]):
			if words := strings.Fields(open[3]); len(words) > 0 && words[0] == "go" {
				out = append(out, cur)
			}
			open = nil
		default:
			cur.Code += strings.TrimPrefix(line, open[1]) + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block is not closed", f.Path, cur.Line-1)
	}
	return out, nil
}
