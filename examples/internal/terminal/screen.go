package terminal

import (
	"io"
	"os"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"
)

// Columns returns a function that reports the width of the terminal that f is, or nil
// if f is not a terminal.
func Columns(f *os.File) func() int {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(fd)
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}

// Screen is a writer to a terminal with a status line below the text, which is overwritten in
// place. It uses no escape sequences. Its methods may be called concurrently; each line is
// written with one call to the underlying writer, to avoid flicker.
type Screen struct {
	w       io.Writer
	columns func() int // nil if w is not a terminal

	mu     sync.Mutex
	status string
	shown  int // columns that the status takes up
}

// NewScreen returns a screen on a terminal whose width columns reports. If columns is
// nil, w is not a terminal, and there is no status line.
func NewScreen(w io.Writer, columns func() int) *Screen { return &Screen{w: w, columns: columns} }

// IsTerminal reports whether there can be a status line.
func (s *Screen) IsTerminal() bool { return s.columns != nil }

// Status replaces the status with text, escaped and cut to the width of the terminal.
// An empty text removes it.
func (s *Screen) Status(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.columns == nil || text == s.status {
		return
	}
	old := s.shown
	s.status = text
	line := s.line()
	if pad := old - s.shown; pad > 0 {
		line += strings.Repeat(" ", pad)
		if s.shown == 0 {
			line += "\r"
		}
	}
	if line != "" {
		_, _ = io.WriteString(s.w, "\r"+line)
	}
}

// line returns as much of the status as fits, and records its width.
func (s *Screen) line() string {
	text, width := "", 0
	for _, r := range Escape(s.status) {
		n := cells(r)
		// The last column stays free: some terminals wrap there.
		if width+n >= s.columns() {
			break
		}
		text += string(r)
		width += n
	}
	s.shown = width
	return text
}

// Write writes whole lines above the status.
func (s *Screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == 0 {
		return s.w.Write(b)
	}
	head := s.wipe()
	all := append([]byte(head), b...)
	n, err := s.w.Write(append(all, s.line()...))
	return max(0, min(n-len(head), len(b))), err
}

// wipe returns the text that removes the status from the terminal.
func (s *Screen) wipe() string { return "\r" + strings.Repeat(" ", s.shown) + "\r" }

// Above returns a writer to w, which is shown on the same terminal: the status is
// removed while it writes.
func (s *Screen) Above(w io.Writer) io.Writer { return above{s, w} }

type above struct {
	s *Screen
	w io.Writer
}

func (a above) Write(b []byte) (int, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if a.s.shown == 0 {
		return a.w.Write(b)
	}
	_, _ = io.WriteString(a.s.w, a.s.wipe())
	n, err := a.w.Write(b)
	_, _ = io.WriteString(a.s.w, a.s.line())
	return n, err
}

// cells returns how many columns a character may take up: two for ideographs and pictures.
// Counting one too many does no harm.
func cells(r rune) int {
	if r >= 0x1100 && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
		return 2
	}
	return 1
}
