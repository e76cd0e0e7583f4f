package main

import (
	"context"
	"flag"
	"strings"
)

func manCommand() command {
	return command{
		name:     "man",
		summary:  "print the manual page",
		synopsis: []string{""},
		offline:  true,
		description: `
Prints all the help as one manual page. No configuration is needed.
`,
		exit:     map[int]string{exitDone: "The page was printed."},
		examples: []example{{"Keep it where man finds it (man ./ewsq.1 reads it from any folder):", "ewsq man > ~/.local/share/man/man1/ewsq.1"}},
		prepare: func(*flag.FlagSet) func(context.Context, *session) error {
			return func(_ context.Context, s *session) error { return s.put(manual()) }
		},
	}
}

// manual returns the manual page: the first page of help, followed by the pages of the
// commands.
func manual() string {
	var b strings.Builder
	b.WriteString(".TH EWSQ 1 \"\" \"ewsquarantine\"\n")
	roff(&b, ".SH", "", pageOfAll().String())
	for _, c := range commands() {
		b.WriteString(".SH " + strings.ToUpper("ewsq "+c.name) + "\n")
		roff(&b, ".SS", "NAME", pageOf(c).String())
	}
	return b.String()
}

// roff writes a page of help: titles become headings, everything else stays as it is. The
// title of one section can be left out.
func roff(b *strings.Builder, heading, untitled, page string) {
	open := false
	end := func() {
		if open {
			b.WriteString(".fi\n")
		}
		open = false
	}
	for line := range strings.SplitSeq(strings.TrimRight(page, "\n"), "\n") {
		text, inside := strings.CutPrefix(line, "    ")
		switch {
		case line == "" && !open:
		case line == "" || inside:
			if !open {
				b.WriteString(".nf\n")
				open = true
			}
			b.WriteString(roffLine(text) + "\n")
		default:
			end()
			if line != untitled {
				b.WriteString(heading + " \"" + roffText(line) + "\"\n")
			}
		}
	}
	end()
}

// roffLine escapes a line so that it does not start a request.
func roffLine(line string) string {
	line = roffText(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// roffText escapes characters that roff would change, so that commands can be copied from a
// page.
func roffText(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}
