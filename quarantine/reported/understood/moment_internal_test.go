package understood

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestMoment has the forms of dates in quoted headers that testdata/reports lacks.
func TestMoment(t *testing.T) {
	t.Parallel()
	reported := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(month time.Month, day, hour, minute int) instant {
		return instant{at: time.Date(2026, month, day, hour, minute, 0, 0, time.UTC), about: true}
	}
	exact := func(month time.Month, day, hour, minute int) instant {
		i := at(month, day, hour, minute)
		i.about = false
		return i
	}
	for text, want := range map[string]instant{
		"Tue, 24 Nov 2026 09:15:00 +0100":      exact(11, 24, 8, 15),
		"2026-11-24T09:15:00Z":                 exact(11, 24, 9, 15),
		"24 November 2026 at 09:15:00 GMT-5":   exact(11, 24, 14, 15),
		"24 November 2026 12:15 AM":            at(11, 24, 0, 15),
		"24 November 2026 12:15 PM":            at(11, 24, 12, 15),
		"24.11.2026 9:15":                      at(11, 24, 9, 15),
		"24.11.26 09.15":                       at(11, 24, 9, 15),
		"24/11/2026 09:15":                     at(11, 24, 9, 15),
		"11/23/2026 4:05 PM":                   at(11, 23, 16, 5),
		"3/11/2026 09:15":                      {}, // 3 November or 11 March: the one long before, the other three weeks
		"11/20/2026":                           at(11, 20, 12, 0),
		"11/12/2026 09:15":                     at(11, 12, 9, 15), // 11 December is after the report
		"2026年11月24日 下午 3:05":                  at(11, 24, 15, 5),
		"martes, 24 de marzo de 2026 9:15":     at(3, 24, 9, 15),
		"mercredi 22 juillet 2026 09:15":       at(7, 22, 9, 15),
		"lundi 22 juin 2026 09:15":             at(6, 22, 9, 15),
		"pondělí 20. července 2026 9:15":       at(7, 20, 9, 15),
		"pondělí 22. června 2026 9:15":         at(6, 22, 9, 15),
		"maanantai 20. heinäkuuta 2026 9.15":   at(7, 20, 9, 15),
		"poniedziałek, 20 kwietnia 2026 09:15": at(4, 20, 9, 15),
		"31 February 2026 9:15":                {},
		"99/99/2026":                           {},
		"yesterday":                            {},
		"":                                     {},
		"Tuesday, November 24, 2026 99:99":     at(11, 24, 12, 0),
		"24 November 3026":                     {},
		"Saturday, 24 November 2029 09:15":     {}, // after the report
		"9:15 AM 24 November":                  {},
		"marți, 24 noiembrie 2026 09:15":       at(11, 24, 9, 15),
		"mar, 24 foo 2026 9:15":                {}, // Tuesday, and an unknown month
		"fredag 13. november 2026 09:15":       at(11, 13, 9, 15),
		"fredag 12. desember 2025 09:15":       {at: time.Date(2025, 12, 12, 9, 15, 0, 0, time.UTC), about: true},
		"יום שלישי 24 בנובמבר 2026 09:15":      at(11, 24, 9, 15),
		"الثلاثاء، ٢٤ نوفمبر، ٢٠٢٦ ٠٩:١٥ م":        at(11, 24, 21, 15),
		"๒๔ พฤศจิกายน ๒๕๖๙ 9:15":                   at(11, 24, 9, 15),
		"Thứ Ba, 24 tháng 11, 2026 9:15 CH":        at(11, 24, 21, 15),
		"24 de noviembre de 2026, 9:15 p.\u00a0m.": at(11, 24, 21, 15),
		"Τρίτη, 24 Νοεμβρίου 2026 9:15 μμ":         at(11, 24, 21, 15),
		"Sa., 21. Nov. 2026 um 12:15 Uhr":          at(11, 21, 12, 15),
	} {
		assert.Equal(t, want, moment(text, reported), text)
	}
	assert.Equal(t, instant{}, moment("10/11/2026 9:15", time.Time{}), "two days, and no report to tell them by")
}
