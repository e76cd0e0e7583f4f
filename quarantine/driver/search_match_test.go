package driver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// MayMatch does not rule out a subject that is written in another way.
func TestMayMatchSubject(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Rechnung f\u00fcr ", 20)
	for _, tt := range []struct {
		asked, subject string
		match          driver.SubjectMatch
		want           bool
	}{
		{"Your invoice", "your\tIN\u200bvo ice", driver.SubjectExact, true},
		{"Your invoice", "Your invoices", driver.SubjectExact, false},
		{"Your invoice", "Your invoices", driver.SubjectPrefix, true},
		{"Your invoice", "Re: Yourinvoices", driver.SubjectContains, true},
		{"Your invoice", "Re: Your bill", driver.SubjectContains, false},
		{"caf\u00e9", "cafe\u0301", driver.SubjectExact, true},
		{"cafe\u0301", "caf\u00e9s", driver.SubjectPrefix, true},
		{"cafe", "cafe\u0302b", driver.SubjectPrefix, true},
		{"K\u0131ss", "\u212ai\u017fs", driver.SubjectExact, true},
		{"\u8acb\u6c42", "\u8acb\u6c42", driver.SubjectExact, true},
		{long, string([]rune(long)[:driver.CutLength]), driver.SubjectExact, true},
		{"x" + long, string([]rune(long)[:driver.CutLength]), driver.SubjectExact, false},
		{"", "anything", driver.SubjectExact, true},
	} {
		c := driver.Criteria{Subject: tt.asked, SubjectMatch: tt.match}
		assert.Equal(t, tt.want, c.MayMatch(driver.Item{Subject: tt.subject}), "%q, %q", tt.asked, tt.subject)
	}
}
