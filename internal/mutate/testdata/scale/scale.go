// Package scale has conditions of every form for the tests of mutate.
package scale

import (
	"errors"
	"strings"
)

type rule struct {
	from  string
	heavy func(grams int) bool
	label string
}

const anywhere = ""

var rules = []rule{
	{"sea", func(grams int) bool { return grams > 1000 }, "by sea"},
	{anywhere, nil, "by air"},
}

// Way returns how a parcel travels.
func Way(from string, grams int) string {
	for _, r := range rules {
		if (r.from == anywhere || r.from == from) && (r.heavy == nil || r.heavy(grams)) {
			return r.label
		}
	}
	return ""
}

// Kind returns what a parcel is.
func Kind(label string, grams int) (kind string, known bool) {
	switch label {
	case "letter", "card":
		return label, true
	}
	switch light := grams < 20; {
	case !light:
		return "parcel", true
	case grams < 0:
		return "", false
	}
	return "leaf", false
}

// Weighed reports whether a parcel has a weight.
func Weighed(grams int) (bool, error) {
	if grams == 0 {
		return false, errors.New("not known")
	}
	return grams > 0, nil
}

// Known reports whether there is such a label.
func Known(label string) (known bool) {
	switch strings.ToLower(label) {
	case "leaf":
		known = true
	}
	return known
}

// Spoons returns how many spoons of 20 grams there are.
func Spoons(grams int) (n int) {
	for left := grams; !(left < 20); n++ {
		left -= 20
	}
	return n
}
