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
	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

// Exit statuses.
const (
	exitDone  = 0 // everything was done
	exitSome  = 1 // a target failed, was refused or is undecided
	exitUsage = 2 // bad usage or configuration; nothing was done

	exitInterrupted = 130 // the run was interrupted, as a shell reports it
)

// program is what a run works with.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool) // of the environment
	columns        func() int                  // width of the terminal on stderr; nil if it is not one
	both           bool                        // stdout is shown on the same terminal
	// atWork is called before the first request to a server; it may be nil. From then on,
	// if the reader of stdout has gone, a write fails, but the program is not killed
	// between two steps.
	atWork func()

	screen *terminal.Screen // wraps stderr
	json   bool             // no text for people
	quiet  bool             // no text for people except errors that end the run
	output string           // format of standard output; empty: depends on where it goes
}

// command is one of the commands; each has its own file.
type command struct {
	name, summary string
	synopsis      []string // arguments, one entry for each way to call it
	description   string
	files         string         // describes the files it reads
	exit          map[int]string // what the exit statuses mean
	examples      []example
	offline       bool     // works without a configuration
	argument      bool     // takes an argument that is not a flag
	words         []string // what the argument may be, if it is one of a few
	csv           bool     // has -output csv
	// prepare adds the flags of the command and returns the function that runs it
	// once they have been parsed.
	prepare func(*flag.FlagSet) func(context.Context, *session) error
}

// example is a command line that works.
type example struct{ what, line string }

// commands returns the commands in the order in which help lists them.
func commands() []command {
	return []command{
		findCommand(), quarantineCommand(), restoreCommand(), listCommand(), recoverCommand(), expandCommand(),
		showCommand(), exportCommand(), purgeCommand(), summaryCommand(), reportsCommand(), checkCommand(), setupCommand(), certCommand(), completionCommand(), manCommand(),
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
		return command{}, usagef("unknown command %q%s; the commands are %s; see ewsq help", name, nearest.DidYouMean(name, append(commandNames(), "help")), strings.Join(commandNames(), ", "))
	}
	return all[i], nil
}

// usageError is a mistake by the caller; nothing was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSome reports that a target failed; the results show which.
var errSome = errors.New("not everything was done")

// ended is the line for an error that ends a run.
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
	failure := exitSome
	if ctx.Err() != nil {
		failure = exitInterrupted
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSome):
		return failure
	}
	line := ended{err.Error(), failure}
	if _, ok := errors.AsType[usageError](err); ok {
		line.Exit = exitUsage
	}
	if p.json && s.writeJSON(line) == nil {
		return line.Exit
	}
	p.json, p.quiet = false, false // there is no other way to report it
	for text := range strings.SplitSeq(line.Error, "\n") {
		s.say("ewsq: %s", text)
	}
	return line.Exit
}

func (p *program) dispatch(ctx context.Context, s *session, args []string) error {
	global := newFlagSet("ewsq")
	s.globalFlags(global)
	if err := global.Parse(args); err != nil {
		return p.parsed(misspelt(err, global), args, func() error { return p.helpAll() })
	}
	if s.version {
		return s.put(version() + "\n")
	}
	if global.NArg() == 0 {
		return usagef("no command was given; the commands are %s; see ewsq help", strings.Join(commandNames(), ", "))
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
	s.globalFlags(flags) // they may also follow the command
	if err := flags.Parse(global.Args()[1:]); err != nil {
		return p.parsed(misspelt(err, flags), args, func() error { return p.helpCommand(c) })
	}
	for c.argument && flags.NArg() > 0 { // flags may follow an argument
		s.arguments = append(s.arguments, flags.Arg(0))
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return p.parsed(misspelt(err, flags), args, func() error { return p.helpCommand(c) })
		}
	}
	if s.version {
		return s.put(version() + "\n")
	}
	if flags.NArg() > 0 {
		return usagef("%s does not take the argument %q; flags begin with a hyphen, and a value with spaces needs quotes", c.name, flags.Arg(0))
	}
	if err := p.checkFormat(c); err != nil {
		return err
	}
	if s.logFormat != "" && !s.log {
		return usagef("-log-format has no effect without -log; give both, or leave it out")
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

// parsed prints help if it was asked for, and turns any other parse error into a
// usage error. The flag -json takes effect even if it comes after the mistake.
func (p *program) parsed(err error, args []string, help func() error) error {
	if errors.Is(err, flag.ErrHelp) {
		return help()
	}
	p.json = p.json || slices.ContainsFunc(args, func(a string) bool { return a == "-json" || a == "--json" })
	return usageError{fmt.Errorf("%w; see -help", err)}
}

// say writes a line for people. It is escaped, because it may contain text written by an
// attacker.
func (p *program) say(format string, args ...any) {
	if p.json || p.quiet {
		return
	}
	fmt.Fprintln(p.stderr, terminal.Escape(fmt.Sprintf(format, args...)))
}
