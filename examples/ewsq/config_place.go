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

// usualConfig is where the configuration is if nothing names it, below the folder of the
// user's settings.
var usualConfig = filepath.Join("ewsq", "ewsq.json")

// place finds the configuration that -config, the environment or nothing names.
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
