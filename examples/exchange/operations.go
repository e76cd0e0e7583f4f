package main

import (
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// operations returns the operations that the server has, in lines of the help.
func operations() string {
	var b strings.Builder
	for _, o := range ewstest.Operations() {
		fmt.Fprintf(&b, "\n    %s", o.Name)
		if o.Since > ewstest.Exchange2010SP3 {
			fmt.Fprintf(&b, ", since %s", o.Since)
		}
		if o.Lacks != "" {
			b.WriteString("; not supported: " + o.Lacks)
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}
