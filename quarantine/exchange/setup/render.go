package setup

import (
	"fmt"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/display"
)

// code marks a text as code within a paragraph. A backquote in it would end the
// code, so it becomes an apostrophe; the commands have the exact text.
func code(s string) string {
	return "`" + strings.ReplaceAll(display.Printable(s), "`", "'") + "`"
}

// WriteMarkdown writes the guide as Markdown (CommonMark).
func (g *Guide) WriteMarkdown(w io.Writer) error {
	out := display.NewWriter(w)
	fmt.Fprintf(out, "# %s\n", g.Title)
	for _, n := range g.Notes {
		fmt.Fprintf(out, "\n> %s\n", n)
	}
	for i, s := range g.Steps {
		fmt.Fprintf(out, "\n## %d. %s\n", i+1, s.Title)
		for _, p := range s.Text {
			fmt.Fprintf(out, "\n%s\n", p)
		}
		if len(s.Commands) > 0 {
			fmt.Fprintf(out, "\nIn %s:\n\n```powershell\n%s\n```\n", s.Shell.place(), strings.Join(s.Commands, "\n"))
		}
	}
	return out.Err()
}

// WriteText writes the guide as plain text.
func (g *Guide) WriteText(w io.Writer) error {
	out := display.NewWriter(w)
	plain := func(s string) string { return strings.ReplaceAll(s, "`", "") }
	fmt.Fprintln(out, plain(g.Title))
	for _, n := range g.Notes {
		fmt.Fprintf(out, "\nNote: %s\n", plain(n))
	}
	for i, s := range g.Steps {
		fmt.Fprintf(out, "\n%d. %s\n", i+1, plain(s.Title))
		for _, p := range s.Text {
			fmt.Fprintf(out, "\n%s\n", plain(p))
		}
		if len(s.Commands) > 0 {
			fmt.Fprintf(out, "\nIn %s:\n\n    %s\n", s.Shell.place(), strings.ReplaceAll(strings.Join(s.Commands, "\n"), "\n", "\n    "))
		}
	}
	return out.Err()
}

func (s Shell) place() string {
	switch s {
	case ShellExchange:
		return "the " + string(s) + ", as a member of Organization Management"
	case ShellLocal:
		return "a shell on the machine that runs the quarantine"
	}
	return string(s)
}
