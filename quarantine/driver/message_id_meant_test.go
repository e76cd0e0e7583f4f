package driver_test

import (
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// FuzzMeantMessageIDPlain: the shortcut for ids of plain characters, which need no work,
// makes no difference to the result. An invisible character is always left out, and
// makes the rest be read without that shortcut.
func FuzzMeantMessageIDPlain(f *testing.F) {
	for _, s := range []string{"<a@b>", "a@b", "<a.b-c+d_e$@x.example>", "a@b.", "@", "a@", "@b.", "a@b@c", "id@x", "mailto@b", "<id>", "3D@b", "3c@3e", "at@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		if got, want := driver.MeantMessageID(asked), driver.MeantMessageID(asked+"\u200b"); !strings.Contains(asked, "&") && got != want {
			t.Errorf("%q means %q, and with what cannot be seen %q", asked, got, want)
		}
	})
}
