package main

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// oddities is the value of -odd, as ewstest.ParseOddities reads it.
type oddities string

// String returns the value.
func (o *oddities) String() string { return string(*o) }

// IsBoolFlag lets -odd stand alone.
func (o *oddities) IsBoolFlag() bool { return true }

// Set takes names of oddities; true, which is what -odd alone means, is all of them,
// and false is none. Names are checked later, because an error here would blame a
// boolean value.
func (o *oddities) Set(text string) error {
	switch text {
	case "true":
		text = "all"
	case "false":
		text = ""
	}
	*o = oddities(text)
	return nil
}

// oddityNames returns the names of the oddities, in lines of the help.
func oddityNames() string {
	names := strings.Split((ewstest.AllOddities | ewstest.OddTwoAnswers).String(), ",")
	const perLine = 5
	var b strings.Builder
	for i, name := range names {
		switch {
		case i == 0:
		case i%perLine == 0:
			b.WriteString(",\n")
		default:
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	return b.String() + "."
}
