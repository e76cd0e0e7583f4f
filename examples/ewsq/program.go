package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

// Exit statuses.
const (
	exitDone  = 0 // all done
	exitSome  = 1 // some target failed or was refused
	exitUsage = 2 // bad usage or configuration; nothing was done
)

// program is what a run has to work with.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool) // of the environment
}

// command is one of the commands; each stands in a file of its own.
type command struct {
	name      string
	arguments string // for the line of usage
	summary   string // one line
	help      string // what more there is to say
	offline   bool   // works without a configuration
	// prepare adds the flags of the command and returns what runs it once they
	// have been parsed.
	prepare func(*flag.FlagSet) func(context.Context, *session) error
}

// commands returns the commands in the order of the help.
func commands() []command {
	return []command{findCommand(), quarantineCommand(), restoreCommand(), listCommand(), recoverCommand(), checkCommand(), setupCommand(), certCommand()}
}

// usageError is a mistake of the caller: nothing was done.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSome says that some target failed; the results have told which.
var errSome = errors.New("not all was done")

// run runs the command that the arguments name and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	own := *p
	own.stderr = &lockedWriter{w: p.stderr} // the log writes to it, too
	p = &own
	s := &session{program: p}
	err := p.dispatch(ctx, s, args)
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errSome):
		return exitSome
	}
	for line := range strings.Lines(err.Error()) {
		s.say("ewsq: %s", strings.TrimSuffix(line, "\n"))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitSome
}

func (p *program) dispatch(ctx context.Context, s *session, args []string) error {
	global := newFlagSet("ewsq")
	s.globalFlags(global)
	if err := global.Parse(args); err != nil {
		return p.helpOr(err, func() { p.helpAll(global) })
	}
	if global.NArg() == 0 {
		p.helpAll(global)
		return usagef("no command was given")
	}
	name := global.Arg(0)
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		flags := newFlagSet("ewsq " + name)
		run := c.prepare(flags)
		own := flagNames(flags)
		s.globalFlags(flags) // they may stand behind the command, too
		if err := flags.Parse(global.Args()[1:]); err != nil {
			return p.helpOr(err, func() { p.helpCommand(c, flags, own) })
		}
		if flags.NArg() > 0 {
			return usagef("%s takes no argument %q; flags begin with a hyphen", name, flags.Arg(0))
		}
		return run(ctx, s)
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return usagef("there is no command %q; there are %s", name, strings.Join(names, ", "))
}

// newFlagSet returns a flag set that leaves printing to the program.
func newFlagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// helpOr prints help if it was asked for, and makes any other error one of
// usage.
func (p *program) helpOr(err error, help func()) error {
	if errors.Is(err, flag.ErrHelp) {
		help()
		return err
	}
	return usageError{fmt.Errorf("%w; see -help", err)}
}

// lockedWriter lets several goroutines write.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// say writes a line for people. What it is given is escaped: it may hold what
// an attacker wrote.
func (p *program) say(format string, args ...any) {
	fmt.Fprintln(p.stderr, terminal.Escape(fmt.Sprintf(format, args...)))
}
