package repository

import (
	"cmp"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Prose is a paragraph of a file: of a comment, a string or Markdown text. Its lines are
// joined by spaces, so a phrase is found across them.
type Prose struct {
	File   string
	Text   string
	starts []int // where each line begins in Text
	lines  []int // and its number in the file
}

// Line returns the number of the line that contains the byte of Text at an offset.
func (p *Prose) Line(offset int) int {
	return p.lines[sort.SearchInts(p.starts, offset+1)-1]
}

// ProseOf returns the prose in comments, strings and Markdown of a tree, except testdata.
func ProseOf(t *Tree) []*Prose {
	var out []*Prose
	for _, f := range t.Go {
		if !below("testdata", f.Path) {
			out = append(out, t.goProse(f)...)
		}
	}
	for _, f := range t.Markdown {
		c := collector{file: f.Path}
		for i, line := range strings.Split(f.Text, "\n") {
			if startsBlock.MatchString(line) {
				c.end()
			}
			c.line(i+1, line)
		}
		c.end()
		out = append(out, c.out...)
	}
	return out
}

// startsBlock matches the lines of Markdown that do not continue the paragraph above.
var startsBlock = regexp.MustCompile("^\\s*([-*]\\s|\\d+\\.\\s|[|#]|```)")

func (t *Tree) goProse(f *GoFile) []*Prose {
	c := collector{file: f.Path}
	for _, group := range f.AST.Comments {
		for _, comment := range group.List {
			text := strings.TrimSuffix(strings.TrimLeft(comment.Text, "/*"), "*/")
			c.text(t.Fset.Position(comment.Pos()).Line, text)
		}
		c.end()
	}
	ast.Inspect(f.AST, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		line := t.Fset.Position(lit.Pos()).Line
		if strings.HasPrefix(lit.Value, "`") {
			c.text(line, strings.Trim(lit.Value, "`"))
		} else if s, err := strconv.Unquote(lit.Value); err == nil {
			c.line(line, strings.ReplaceAll(s, "\n", " "))
		}
		c.end()
		return true
	})
	slices.SortStableFunc(c.out, func(a, b *Prose) int { return cmp.Compare(a.lines[0], b.lines[0]) })
	return c.out
}

// collector joins lines into paragraphs.
type collector struct {
	file string
	out  []*Prose
	cur  *Prose
}

func (c *collector) text(first int, text string) {
	for i, line := range strings.Split(text, "\n") {
		c.line(first+i, line)
	}
}

// line adds a line; an empty one ends the paragraph.
func (c *collector) line(number int, line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		c.end()
		return
	}
	if c.cur == nil {
		c.cur = &Prose{File: c.file}
	} else {
		c.cur.Text += " "
	}
	c.cur.starts = append(c.cur.starts, len(c.cur.Text))
	c.cur.lines = append(c.cur.lines, number)
	c.cur.Text += line
}

func (c *collector) end() {
	if c.cur != nil {
		c.out = append(c.out, c.cur)
		c.cur = nil
	}
}
