package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

func completionCommand() command {
	shells := map[string]func() string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	names := []string{"bash", "zsh", "fish"}
	return command{
		name:     "completion",
		summary:  "print a script for shell completion",
		synopsis: []string{"bash|zsh|fish"},
		offline:  true,
		argument: true,
		words:    names,
		description: `
Prints a script that makes the shell complete commands, flags, and the values of flags
that have only a few. No configuration is needed.
`,
		exit: map[int]string{exitDone: "The script was printed."},
		examples: []example{
			{"In bash, with the package bash-completion; for one session, source it:", "ewsq completion bash \\\n    > ~/.local/share/bash-completion/completions/ewsq"},
			{"In zsh, in a folder of $fpath:", "ewsq completion zsh > ~/.zfunc/_ewsq"},
			{"In fish:", "ewsq completion fish > ~/.config/fish/completions/ewsq.fish"},
		},
		prepare: func(*flag.FlagSet) func(context.Context, *session) error {
			return func(_ context.Context, s *session) error {
				if len(s.arguments) != 1 {
					return usagef("name one shell: %s", strings.Join(names, ", "))
				}
				script := shells[s.arguments[0]]
				if script == nil {
					return usagef("no completion for %q%s; choose one of %s", s.arguments[0], nearest.DidYouMean(s.arguments[0], names), strings.Join(names, ", "))
				}
				return s.put(script())
			}
		},
	}
}

// flagNames returns the flags that a command takes, with the hyphen. The zero command has
// only the global flags.
func (c command) flagNames() []string {
	var names []string
	for _, f := range c.allFlags() {
		names = append(names, "-"+f.Name)
	}
	return names
}

// allFlags returns the flags of a command and the global flags, by name.
func (c command) allFlags() []*flag.Flag {
	flags := newFlagSet(c.name)
	if c.prepare != nil {
		c.prepare(flags)
	}
	(&session{program: &program{}}).globalFlags(flags)
	var all []*flag.Flag
	flags.VisitAll(func(f *flag.Flag) { all = append(all, f) })
	return all
}

// choices returns the values of the flags that have only a few.
func choices() map[string][]string {
	all := make(map[string][]string)
	for _, c := range append(commands(), command{}) {
		for _, f := range c.allFlags() {
			if t, ok := f.Value.(*textFlag); ok && t.values != nil {
				all[f.Name] = t.values
			}
		}
	}
	return all
}

// ofFiles reports whether a flag takes a file or a folder.
func ofFiles(f *flag.Flag) bool {
	value, _ := flag.UnquoteUsage(f)
	return value == "FILE" || value == "FOLDER"
}

// isSwitch reports whether a flag has no value.
func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// fileFlags returns the flags whose values are files, of any command.
func fileFlags() []string {
	var names []string
	for _, c := range append(commands(), command{}) {
		for _, f := range c.allFlags() {
			if name := "-" + f.Name; ofFiles(f) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func bashCompletion() string {
	var b strings.Builder
	b.WriteString("# bash completion of ewsq\n_ewsq() {\n    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= flags i\n    case $before in\n")
	of := choices()
	for _, name := range sortedKeys(of) {
		fmt.Fprintf(&b, "    -%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", name, strings.Join(of[name], " "))
	}
	fmt.Fprintf(&b, "    %s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", strings.Join(fileFlags(), "|"))
	fmt.Fprintf(&b, "    %s) COMPREPLY=(); return ;;\n", strings.Join(freeFlags(), "|")) // free text
	for _, c := range commands() {
		if c.words != nil {
			fmt.Fprintf(&b, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", c.name, strings.Join(c.words, " "))
		}
	}
	b.WriteString("    esac\n")
	b.WriteString("    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n")
	fmt.Fprintf(&b, "        %s) command=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n", strings.Join(commandNames(), "|"))
	b.WriteString("    case $command in\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "    %s) flags='%s' ;;\n", c.name, strings.Join(c.flagNames(), " "))
	}
	fmt.Fprintf(&b, "    *) flags='%s' ;;\n    esac\n", strings.Join(append((command{}).flagNames(), append(commandNames(), "help")...), " "))
	b.WriteString("    COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n}\ncomplete -o filenames -F _ewsq ewsq\n")
	return b.String()
}

func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef ewsq\n# zsh completion of ewsq\n\n_ewsq_flags() {\n    case $1 in\n")
	for _, c := range append(commands(), command{name: "*"}) {
		fmt.Fprintf(&b, "    %s) _arguments \\\n", c.name)
		own := c
		if own.name == "*" {
			own = command{}
		}
		for _, f := range own.allFlags() {
			fmt.Fprintf(&b, "        '%s' \\\n", zshFlag(f))
		}
		if own.words != nil { // the first argument is the command
			fmt.Fprintf(&b, "        '1:command:' \\\n        '2:argument:(%s)' \\\n", strings.Join(own.words, " "))
		}
		fmt.Fprintf(&b, "        '*:argument:' ;;\n")
	}
	b.WriteString("    esac\n}\n\n_ewsq() {\n    local command= word\n    for word in ${words[2,CURRENT-1]}; do\n        case $word in\n")
	fmt.Fprintf(&b, "        %s) command=$word; break ;;\n        esac\n    done\n", strings.Join(commandNames(), "|"))
	b.WriteString("    if [[ -n $command || $words[CURRENT] == -* || $words[CURRENT-1] == -* ]]; then\n        _ewsq_flags \"$command\"\n        return\n    fi\n    local -a all=(\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "        '%s:%s'\n", c.name, single(c.summary))
	}
	b.WriteString("        'help:describe a command'\n    )\n    _describe command all\n}\n\n_ewsq \"$@\"\n")
	return b.String()
}

// zshFlag returns a flag in the form that _arguments expects.
func zshFlag(f *flag.Flag) string {
	value, usage := flag.UnquoteUsage(f)
	spec := "-" + f.Name + "[" + strings.NewReplacer("[", "(", "]", ")", ":", ",").Replace(single(usage)) + "]"
	t, _ := f.Value.(*textFlag)
	switch {
	case isSwitch(f):
		return spec
	case t != nil && t.values != nil:
		return spec + ":" + value + ":(" + strings.Join(t.values, " ") + ")"
	case ofFiles(f):
		return spec + ":" + value + ":_files"
	}
	return spec + ":" + value + ":"
}

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# fish completion of ewsq\n\n# Prints the command in the line, if there is one.\nfunction __ewsq_command\n    for word in (commandline -opc)[2..]\n")
	fmt.Fprintf(&b, "        if contains -- $word help %s\n            echo $word\n            return\n        end\n    end\nend\n\n", strings.Join(commandNames(), " "))
	b.WriteString("# Whether the command is one of these.\nfunction __ewsq_in\n    set -l command (__ewsq_command)\n    contains -- \"$command\" $argv\nend\n\n")
	b.WriteString("complete -c ewsq -f\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "complete -c ewsq -n '__ewsq_in \"\" help' -a %s -d '%s'\n", c.name, single(c.summary))
	}
	b.WriteString("complete -c ewsq -n '__ewsq_in \"\"' -a help -d 'describe a command'\n")
	general := (command{}).flagNames()
	for _, c := range append(commands(), command{}) {
		for _, f := range c.allFlags() {
			if c.name != "" && slices.Contains(general, "-"+f.Name) {
				continue
			}
			only := ""
			if c.name != "" {
				only = " -n '__ewsq_in " + c.name + "'"
			}
			fmt.Fprintf(&b, "complete -c ewsq%s -o %s%s -d '%s'\n", only, f.Name, fishValue(f), single(usageOf(f)))
		}
		if c.words != nil {
			words := strings.Join(c.words, " ")
			fmt.Fprintf(&b, "complete -c ewsq -n '__ewsq_in %s; and not __fish_seen_subcommand_from %s' -a '%s'\n", c.name, words, words)
		}
	}
	return b.String()
}

// fishValue returns the options of complete for the values of a flag.
func fishValue(f *flag.Flag) string {
	t, _ := f.Value.(*textFlag)
	switch {
	case isSwitch(f):
		return ""
	case t != nil && t.values != nil:
		return " -x -a '" + strings.Join(t.values, " ") + "'"
	case ofFiles(f):
		return " -r -F"
	}
	return " -x"
}

func usageOf(f *flag.Flag) string {
	_, usage := flag.UnquoteUsage(f)
	return usage
}

// single returns text to be put between single quotes. Without an apostrophe, all three
// shells read it alike.
func single(text string) string { return strings.NewReplacer("'", "’", `\`, "/").Replace(text) }

func sortedKeys(m map[string][]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// freeFlags returns the flags whose values cannot be completed.
func freeFlags() []string {
	other := make(map[string]bool)
	names := make(map[string]bool)
	for _, c := range append(commands(), command{}) {
		for _, f := range c.allFlags() {
			t, isText := f.Value.(*textFlag)
			name := "-" + f.Name
			names[name] = true
			other[name] = other[name] || isSwitch(f) || ofFiles(f) || isText && t.values != nil
		}
	}
	return slices.Sorted(func(yield func(string) bool) {
		for name := range names {
			if !other[name] && !yield(name) {
				return
			}
		}
	})
}
