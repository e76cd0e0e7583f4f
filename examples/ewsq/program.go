package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

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
	columns        func() int                  // of the terminal that stderr is; nil: it is none
	both           bool                        // stdout shows on the same terminal

	screen *terminal.Screen // over stderr
	json   bool             // nothing is written for people
}

// command is one of the commands; each stands in a file of its own.
type command struct {
	name, summary string
	synopsis      []string // arguments, one way to call it in each
	description   string
	files         string         // what there is to say of files it reads
	exit          map[int]string // what the exit statuses mean here
	examples      []example
	offline       bool // works without a configuration
	// prepare adds the flags of the command and returns what runs it once they
	// have been parsed.
	prepare func(*flag.FlagSet) func(context.Context, *session) error
}

// example is a command line that works.
type example struct{ what, line string }

// commands returns the commands in the order of the help.
func commands() []command {
	return []command{
		findCommand(), quarantineCommand(), restoreCommand(), listCommand(), recoverCommand(), expandCommand(),
		checkCommand(), setupCommand(), certCommand(),
	}
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func commandNamed(name string) (command, error) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, usagef("there is no command %q; there are %s; see ewsq help", name, strings.Join(commandNames(), ", "))
	}
	return all[i], nil
}

// usageError is a mistake of the caller: nothing was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSome says that some target failed; the results have told which.
var errSome = errors.New("not all was done")

// ended is the line of an error that ends a run.
type ended struct {
	Error string `json:"error"`
	Exit  int    `json:"exit"`
}

// run runs the command that the arguments name and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	own := *p
	own.screen = terminal.NewScreen(p.stderr, p.columns)
	own.stderr = own.screen // the log writes to it, too
	if p.both {
		own.stdout = own.screen.Above(p.stdout)
	}
	p = &own
	s := &session{program: p}
	err := p.dispatch(ctx, s, args)
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSome):
		return exitSome
	}
	line := ended{err.Error(), exitSome}
	if _, ok := errors.AsType[usageError](err); ok {
		line.Exit = exitUsage
	}
	if p.json && s.writeJSON(line) == nil {
		return line.Exit
	}
	p.json = false // there is no other place to say it
	for text := range strings.SplitSeq(line.Error, "\n") {
		s.say("ewsq: %s", text)
	}
	return line.Exit
}

func (p *program) dispatch(ctx context.Context, s *session, args []string) error {
	global := newFlagSet("ewsq")
	s.globalFlags(global)
	if err := global.Parse(args); err != nil {
		return p.parsed(err, args, func() error { return p.helpAll() })
	}
	if global.NArg() == 0 {
		return usagef("no command was given; there are %s; see ewsq help", strings.Join(commandNames(), ", "))
	}
	if global.Arg(0) == "help" {
		return p.help(global.Args()[1:])
	}
	c, err := commandNamed(global.Arg(0))
	if err != nil {
		return err
	}
	flags := newFlagSet("ewsq " + c.name)
	run := c.prepare(flags)
	s.globalFlags(flags) // they may stand behind the command, too
	if err := flags.Parse(global.Args()[1:]); err != nil {
		return p.parsed(err, args, func() error { return p.helpCommand(c) })
	}
	if flags.NArg() > 0 {
		return usagef("%s takes no argument %q; flags begin with a hyphen, and a text with blanks needs quotes", c.name, flags.Arg(0))
	}
	return run(ctx, s)
}

// newFlagSet returns a flag set that leaves printing to the program.
func newFlagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// parsed prints help if it was asked for, and makes any other error of parsing
// one of usage. The flag -json holds also if it stands behind the mistake.
func (p *program) parsed(err error, args []string, help func() error) error {
	if errors.Is(err, flag.ErrHelp) {
		return help()
	}
	p.json = p.json || slices.ContainsFunc(args, func(a string) bool { return a == "-json" || a == "--json" })
	return usageError{fmt.Errorf("%w; see -help", err)}
}

// say writes a line for people. What it is given is escaped: it may hold what
// an attacker wrote.
func (p *program) say(format string, args ...any) {
	if p.json {
		return
	}
	fmt.Fprintln(p.stderr, terminal.Escape(fmt.Sprintf(format, args...)))
}
