package quarantine_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var (
	responseMessages = regexp.MustCompile(`(?s)<m:\w+ResponseMessage .*</m:\w+ResponseMessage>`)
	responseMessage  = regexp.MustCompile(`(?s)<m:\w+ResponseMessage .*?</m:\w+ResponseMessage>`)
	itemIDs          = regexp.MustCompile(`<t:ItemId Id="[^"]*" ChangeKey="[^"]*"/>`)
)

// oddBatches change the response messages of an answer.
var oddBatches = map[string]func(op ews.Operation, messages []string) []string{
	"one less":  func(_ ews.Operation, m []string) []string { return m[:len(m)-1] },
	"one more":  func(_ ews.Operation, m []string) []string { return append(m, m[0]) },
	"twice":     func(_ ews.Operation, m []string) []string { return append(m, m...) },
	"backwards": func(_ ews.Operation, m []string) []string { slices.Reverse(m); return m },
	"without ids": func(_ ews.Operation, m []string) []string {
		return []string{itemIDs.ReplaceAllString(strings.Join(m, ""), "")}
	},
	"with empty ids": func(_ ews.Operation, m []string) []string {
		return []string{itemIDs.ReplaceAllString(strings.Join(m, ""), `<t:ItemId Id="" ChangeKey=""/>`)}
	},
	"with one id for all": func(_ ews.Operation, m []string) []string {
		all := strings.Join(m, "")
		if first := itemIDs.FindString(all); first != "" {
			all = itemIDs.ReplaceAllLiteralString(all, first)
		}
		return []string{all}
	},
	"of another operation": func(op ews.Operation, m []string) []string {
		return []string{strings.ReplaceAll(strings.Join(m, ""), "m:"+string(op)+"ResponseMessage", "m:SendItemResponseMessage")}
	},
}

// The server permanently answers about fewer, more or other items than were asked
// about: no message is lost, nothing is called done that is not, and once that has
// ended, the run finishes.
func TestAnswersOutOfShape(t *testing.T) {
	t.Parallel()
	ops := []ews.Operation{ews.OpGetFolder, ews.OpFindFolder, ews.OpFindItem, ews.OpGetItem, ews.OpUpdateItem, ews.OpMoveItem,
		ews.OpExportItems, ews.OpUploadItems, ews.OpCreateItem, ews.OpDeleteItem, ews.OpCreateFolder}
	n := 0
	for _, name := range slices.Sorted(maps.Keys(oddBatches)) {
		for _, a := range accesses {
			for _, op := range ops {
				if n++; !*whole && n%19 != 0 {
					continue
				}
				t.Run(strings.Join([]string{name, a.name, string(op)}, " "), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						odd := true
						o := patient(a.worldOptions)
						o.gate = &gate{change: func(asked ews.Operation, _ int, _, answer string) string {
							at := responseMessages.FindStringIndex(answer)
							if !odd || asked != op || at == nil {
								return answer
							}
							messages := responseMessage.FindAllString(answer[at[0]:at[1]], -1)
							return answer[:at[0]] + strings.Join(oddBatches[name](op, messages), "") + answer[at[1]:]
						}}
						w := newWorld(t, o)
						for i := range 3 {
							w.Mailbox(alice).Deliver(append(eml(theID, "Invoice"), fmt.Sprintf("Number %d.\r\n", i)...))
						}
						begin := time.Now()
						r, err := w.service.Quarantine(t.Context(), theTarget)
						assert.Less(t, time.Since(begin), 2*time.Hour)
						for i := range 3 {
							assert.Positive(t, w.numbered(i), "message %d is lost", i)
						}
						if err == nil && r.Err() == nil && r.Outcome().Done() {
							w.count(t, 0, 3, "it says "+string(r.Outcome()))
						}
						odd = false
						time.Sleep(time.Hour)
						r, err = w.service.Quarantine(t.Context(), theTarget)
						require.NoError(t, err)
						require.NoError(t, r.Err())
						w.count(t, 0, 3, "in the end")
						for i := range 3 {
							assert.Equal(t, 1, w.numbered(i), "copies of message %d", i)
						}
					})
				})
			}
		}
	}
}

// numbered counts the copies of the message that contains a number, in both mailboxes.
func (w *world) numbered(i int) (n int) {
	for _, m := range append(w.in(alice, theID), w.in(vault, theID)...) {
		if strings.Contains(string(m.MIME), fmt.Sprintf("Number %d.", i)) {
			n++
		}
	}
	return n
}
