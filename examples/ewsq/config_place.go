package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// configVariable names the configuration if -config does not.
const configVariable = "EWSQ_CONFIG"

// usualConfig is the path of the configuration if nothing names it, relative to the user's
// configuration folder.
var usualConfig = filepath.Join("ewsq", "ewsq.json")

// place finds the configuration: the one that -config or the environment names, or else the
// one in its usual place.
func (s *session) place() error {
	if s.config != "" {
		return nil
	}
	env := func(name string) string { v, _ := s.lookup(name); return v }
	if s.config = env(configVariable); s.config != "" {
		s.configFrom = configVariable
		return nil
	}
	dir := cmp.Or(env("XDG_CONFIG_HOME"), env("AppData"))
	if home := env("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if dir == "" {
		return usagef("-config FILE is missing; give it, or set %s", configVariable)
	}
	usual := filepath.Join(dir, usualConfig)
	switch _, err := os.Stat(usual); {
	case errors.Is(err, fs.ErrNotExist):
		return usagef("-config FILE is missing; give it, or set %s, or put the configuration into %s", configVariable, usual)
	case err != nil:
		return usageError{err}
	}
	s.config = usual
	return nil
}
