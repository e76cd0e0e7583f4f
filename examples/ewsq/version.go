package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version returns what the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "ewsq, built without module information, by " + runtime.Version()
	}
	parts := []string{"ewsq " + info.Main.Version, info.Main.Path}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			parts = append(parts, "commit "+s.Value)
		case s.Key == "vcs.time":
			parts = append(parts, s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			parts = append(parts, "with changes")
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%s %s/%s", info.GoVersion, runtime.GOOS, runtime.GOARCH)), ", ")
}
