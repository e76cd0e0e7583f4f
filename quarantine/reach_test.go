package quarantine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// TestReach: the receipt reports what the owner had done with a message before it was
// taken, by each access and way, without additional requests.
func TestReach(t *testing.T) {
	t.Parallel()
	begun := time.Now().Add(-time.Second)
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		requests := make(map[bool]int)
		for _, answered := range []bool{true, false} {
			w := newWorld(t, a.worldOptions)
			box := w.Mailbox(alice)
			m := box.Deliver(eml(theID, "Invoice"))
			var want driver.Reach
			if answered {
				owner := box.Person("alice")
				flagged, err := owner.Flag(m, ews.Flag{Status: "Flagged"})
				require.NoError(t, err)
				_, err = w.Client("alice", nil).Do(t.Context(), ews.DoRequest{Body: fmt.Appendf(nil,
					`<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:ReplyAllToItem><t:ReferenceItemId Id="%s" ChangeKey="%s"/>`+
						`<t:NewBodyContent BodyType="Text">Paid.</t:NewBodyContent></t:ReplyAllToItem></m:Items></m:CreateItem>`, flagged.ID.ID, flagged.ID.ChangeKey)})
				require.NoError(t, err)
				want = driver.Reach{Answer: driver.AnswerRepliedToAll, FollowUp: driver.FollowUpFlagged}
			}
			earlier := len(w.Requests())
			receipt, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, receipt.Err())
			requests[answered] = len(w.Requests()) - earlier
			require.Len(t, receipt.Items, 1)
			got := receipt.Items[0]
			if answered {
				assert.WithinRange(t, got.Reach.AnsweredAt, begun, time.Now().Add(time.Second), a.name)
			}
			want.AnsweredAt = got.Reach.AnsweredAt
			assert.Equal(t, want, got.Reach, a.name)
			assert.Equal(t, answered, !got.Reach.IsZero(), a.name)

			held := w.held(t)
			require.Len(t, held, 1)
			kept := got.Reach
			if got.Way == quarantine.WayMIME { // which keeps the flag, from Exchange 2013 on
				kept = driver.Reach{FollowUp: kept.FollowUp}
			}
			assert.Equal(t, kept, held[0].Reach, a.name)
			assert.Equal(t, kept, held[0].Receipt().Items[0].Reach, a.name)

			b, err := json.Marshal(receipt)
			require.NoError(t, err)
			assert.Equal(t, answered, containsReach(b), a.name)
			var back quarantine.Receipt
			require.NoError(t, json.Unmarshal(b, &back))
			assert.Equal(t, got.Reach, back.Items[0].Reach, a.name)
		}
		assert.Equal(t, requests[false], requests[true], a.name)
	}
}

// containsReach reports whether an item of a receipt records how far the message got.
func containsReach(receipt []byte) bool {
	var r struct {
		Items []map[string]json.RawMessage `json:"items"`
	}
	if json.Unmarshal(receipt, &r) != nil || len(r.Items) == 0 {
		return false
	}
	_, said := r.Items[0]["reach"]
	return said
}
