package quarantine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// oddBodies are answers that mean neither yes nor no.
var oddBodies = map[string]func(op ews.Operation) string{
	"empty body": func(ews.Operation) string { return enveloped("") },
	"blank body": func(ews.Operation) string { return enveloped("\r\n\t") },
	"comment":    func(ews.Operation) string { return enveloped("<!-- removed by a filter -->") },
	"no body": func(ews.Operation) string {
		return strings.NewReplacer("<s:Body>", "", "</s:Body>", "").Replace(enveloped(""))
	},
	"empty response": func(op ews.Operation) string { return enveloped(fmt.Sprintf("<m:%sResponse/>", op)) },
	"no response message": func(op ews.Operation) string {
		return enveloped(fmt.Sprintf("<m:%sResponse><m:ResponseMessages/></m:%[1]sResponse>", op))
	},
	"empty message": func(op ews.Operation) string {
		return enveloped(fmt.Sprintf("<m:%sResponse><m:ResponseMessages><m:%[1]sResponseMessage/></m:ResponseMessages></m:%[1]sResponse>", op))
	},
	"fault that is empty": func(ews.Operation) string { return enveloped("<s:Fault/>") },
	"fault without code":  func(ews.Operation) string { return enveloped("<s:Fault><faultcode/><faultstring/><detail/></s:Fault>") },
	"fault of another kind": func(ews.Operation) string {
		return enveloped("<s:Fault><faultcode>s:Server</faultcode><faultstring>unknown request</faultstring></s:Fault>")
	},
}

// Whether or not the server has acted, a meaningless answer is not given a meaning:
// nothing is lost, nothing is called done that is not, and the next run finishes.
func TestAnswersThatSayNothing(t *testing.T) {
	t.Parallel()
	ops := []ews.Operation{ews.OpFindItem, ews.OpFindFolder, ews.OpGetFolder, ews.OpGetItem, ews.OpMoveItem, ews.OpUpdateItem,
		ews.OpExportItems, ews.OpUploadItems, ews.OpDeleteItem, ews.OpCreateFolder, ews.OpCreateItem}
	kind := 0
	for _, name := range slices.Sorted(maps.Keys(oddBodies)) {
		body := oddBodies[name]
		for number, a := range accesses {
			if !played(t, number) {
				continue
			}
			for i, op := range ops {
				if kind++; !*whole && kind%23 != 0 {
					continue
				}
				t.Run(strings.Join([]string{name, a.name, string(op)}, " "), func(t *testing.T) {
					t.Parallel()
					for _, acts := range []bool{false, true} {
						if !*whole && acts != (i%2 == 0) {
							continue
						}
						synctest.Test(t, func(t *testing.T) {
							from, last := 1+i%2, 1 // only the second, only the first, or all
							if i%3 == 0 {
								last = 1 << 30
							} else {
								last = from
							}
							g := &gate{}
							strike := func(o ews.Operation, n int) bool { return o == op && n >= from && n <= last }
							if acts {
								g.change = func(o ews.Operation, n int, _, answer string) string {
									if strike(o, n) {
										return body(o)
									}
									return answer
								}
							} else {
								g.instead = func(o ews.Operation, n int, _ string) string {
									if strike(o, n) {
										return body(o)
									}
									return ""
								}
							}
							o := a.worldOptions
							o.gate = g
							w := newWorld(t, o)
							w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
							r, err := w.service.Quarantine(t.Context(), theTarget)
							mine, theirs := w.in(vault, theID), w.in(alice, theID)
							assert.NotZero(t, len(mine)+len(theirs), "lost")
							if err == nil && r.Err() == nil {
								assert.NotEqual(t, quarantine.NotFound, r.Outcome())
								assert.Empty(t, theirs, "it says %s", r.Outcome())
								assert.Len(t, mine, 1)
							}
							last = 0
							time.Sleep(time.Hour)
							r, err = w.service.Quarantine(t.Context(), theTarget)
							require.NoError(t, err)
							require.NoError(t, r.Err())
							w.count(t, 0, 1, "in the end")
							assert.Empty(t, w.Notices())
						})
					}
				})
			}
		}
	}
}
