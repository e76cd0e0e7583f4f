package eml_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// TestClassesOfReports has a report for each action and disposition, and reports without
// one.
func TestClassesOfReports(t *testing.T) {
	t.Parallel()
	report := func(kind, fields string) string {
		m := eml.Parse([]byte("Content-Type: multipart/report; report-type=" + kind + "; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: message/" + kind + "\r\n\r\n" + fields + "\r\n--b--\r\n"))
		return m.Class()
	}
	for fields, want := range map[string]string{
		"Action: failed": "NDR", "Action: Delayed": "Delayed.DR", "action : relayed": "Relayed.DR", "Action: expanded": "Expanded.DR",
		"Reporting-MTA: dns;a\r\n\r\nAction: delivered\r\n": "DR",
		"Action: delivered\r\n\r\nAction: failed\r\n":       "NDR",
		"Action: delivered\r\n\r\nAction: expanded\r\n":     "Expanded.DR",
		"Action: lost": "NDR", "": "NDR",
	} {
		assert.Equal(t, "REPORT.IPM.Note."+want, report("delivery-status", fields), fields)
	}
	for fields, want := range map[string]string{
		"Disposition: automatic-action/MDN-sent-automatically; displayed":      "IPNRN",
		"Disposition: manual-action/MDN-sent-manually; deleted":                "IPNNRN",
		"disposition: automatic-action/MDN-sent-automatically;Denied":          "IPNNRN",
		"Disposition: automatic-action/MDN-sent-automatically; failed/warning": "IPNNRN",
		"Disposition: deleted": "IPNRN", "": "IPNRN",
	} {
		assert.Equal(t, "REPORT.IPM.Note."+want, report("disposition-notification", fields), fields)
	}
}
