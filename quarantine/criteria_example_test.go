package quarantine_test

import (
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func ExampleCriteria_Validate() {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []quarantine.Criteria{
		{Sender: "mallory@evil.example", Subject: "Your invoice", SubjectMatch: quarantine.SubjectPrefix},
		{URL: "https://evil.example/login", ReceivedAfter: day, ReceivedBefore: day.AddDate(0, 0, 1)},
		{Subject: "Re", SubjectMatch: quarantine.SubjectContains},
	} {
		fmt.Println(c.Validate())
	}
	// Output:
	// <nil>
	// <nil>
	// quarantine: criteria: subject "Re" would match too much; give at least 4 letters or digits, or the whole subject, to be compared as exact
}
