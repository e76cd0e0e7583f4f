package headerscan_test

import (
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
)

// FuzzAddress checks that an address in brackets is found in a field, whatever the field
// before it contains.
func FuzzAddress(f *testing.F) {
	for _, field := range readable {
		f.Add(field)
	}
	for _, field := range others {
		f.Add(field)
	}
	a := headerscan.NewAddress(evil)
	f.Fuzz(func(t *testing.T, text string) {
		header := "From: " + text + "\nSender: x\n <" + evil + ">\n"
		a.In(text)
		headerscan.Any(text)
		if strings.Contains(text+"\n", "\n\n") || strings.Contains(text, "\n\r") {
			return // the header ends there
		}
		found := false
		for _, v := range headerscan.Fields(header, "From", "Sender") {
			found = found || a.In(v)
		}
		if !found {
			t.Errorf("the address was not found in %q", header)
		}
	})
}
