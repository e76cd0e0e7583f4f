package quarantine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A server returns only part of each message, cut so that what remains is
// well-formed: no part is enough to remove the original, which stays whole.
func TestPartOfTheContent(t *testing.T) {
	t.Parallel()
	for what, message := range map[string]func(n int) []byte{"text": longText, "attachment": longFile} {
		for i, keep := range []float64{0.3, 0.5, 0.75, 0.9, 0.97, 0.99, 0.999} {
			for _, way := range []quarantine.Way{quarantine.WayMIME, quarantine.WayTransfer} {
				if !*whole && (i%3 != 2 || way != quarantine.WayMIME) && i != 4 {
					continue
				}
				t.Run(fmt.Sprint(what, " ", keep, " ", way), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, worldOptions{impersonation: true, ways: []quarantine.Way{way}})
						before := w.Mailbox(alice).Deliver(message(600))
						size := before.Size
						cut := w.Fail(ewstest.When{}, ewstest.Shortened(keep))
						r := w.taken(t)
						if r.Err() == nil { // only the last boundary was cut off
							require.Greater(t, keep, 0.99)
							assert.Equal(t, before.Attachments, w.in(vault, theID)[0].Attachments)
							return
						}
						assert.False(t, r.Outcome().Done())
						left := w.in(alice, theID)
						require.Len(t, left, 1, "the original is gone")
						assert.GreaterOrEqual(t, left[0].Size, size)
						cut.Cancel()
						require.NoError(t, w.taken(t).Err())
						assert.Empty(t, w.in(alice, theID))
					})
				})
			}
		}
	}
}

// Content that is not whole base64 is not copied, whatever is wrong with it.
func TestBrokenContentIsNotCopied(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(string) string{
		"one letter short": func(s string) string { return s[:len(s)-1] },
		"padding lost":     func(s string) string { return s[:len(s)/4*4-5] },
		"a letter outside": func(s string) string { return s[:40] + "*" + s[41:] },
		"padding inside":   func(s string) string { return s[:40] + "====" + s[40:] },
		"empty":            func(string) string { return "" },
		"blank":            func(string) string { return "\r\n" },
		"URL alphabet":     func(s string) string { return s[:40] + "-_" + s[42:] },
	} {
		for _, op := range []ews.Operation{ews.OpGetItem, ews.OpExportItems} {
			t.Run(name+" "+string(op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					spoilt := 0
					o := worldOptions{impersonation: true, ways: []quarantine.Way{quarantine.WayMIME}, gate: &gate{
						change: func(asked ews.Operation, _ int, _, answer string) string {
							for _, tag := range []string{"MimeContent", "Data"} {
								begin := strings.Index(answer, "<t:"+tag)
								if begin < 0 {
									begin = strings.Index(answer, "<m:"+tag)
								}
								if asked != op || begin < 0 {
									continue
								}
								begin += strings.Index(answer[begin:], ">") + 1
								end := begin + strings.Index(answer[begin:], "</")
								spoilt++
								return answer[:begin] + spoil(answer[begin:end]) + answer[end:]
							}
							return answer
						},
					}}
					if op == ews.OpExportItems {
						o.ways = []quarantine.Way{quarantine.WayTransfer}
					}
					w := newWorld(t, o)
					w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
					r := w.taken(t)
					require.Error(t, r.Err())
					assert.Positive(t, spoilt)
					assert.Equal(t, quarantine.Refused, r.Outcome())
					w.count(t, 1, 0, "after the run")
				})
			})
		}
	}
}
