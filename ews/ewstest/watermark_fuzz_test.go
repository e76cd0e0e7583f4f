package ewstest_test

import (
	"encoding/base64"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzWatermark begins a subscription at a watermark of arbitrary content, and at one of
// the mailbox with an arbitrary number: the server must refuse it, or report no more than
// what happened, and finish.
func FuzzWatermark(f *testing.F) {
	const events = 120 // more than fit in two notifications
	start := func(t *testing.T) (*caller, string) {
		c := newCaller(t, ewstest.Options{}).as("alice")
		first := pull(c, pullXML())
		for range events / 4 { // created, delivered, and two for the folder
			c.srv.Mailbox(alice).Deliver([]byte(plain))
		}
		return c, first.watermark
	}
	for _, number := range []uint64{0, 1, events / 2, events, events + 1, 1 << 31, 1 << 63, 1<<64 - 1} {
		f.Add(number, []byte{1, 0, 0, 0, 1})
	}
	f.Add(uint64(3), []byte{})
	f.Add(uint64(3), binary.LittleEndian.AppendUint64(make([]byte, 20), 1))
	f.Add(uint64(3), append(binary.LittleEndian.AppendUint64(append([]byte{1, 0, 0, 0}, make([]byte, 16)...), 1), 1))
	f.Fuzz(func(t *testing.T, number uint64, content []byte) {
		c, given := start(t)
		ours, err := base64.StdEncoding.DecodeString(given)
		require.NoError(t, err)
		binary.LittleEndian.PutUint64(ours[20:], number)
		for _, text := range []string{base64.StdEncoding.EncodeToString(ours), base64.StdEncoding.EncodeToString(content)} {
			answer := c.do(subscribeXML("Pull", allKinds, `<t:Watermark>`+text+`</t:Watermark><t:Timeout>10</t:Timeout>`))
			if code := codes(answer)[0]; text == "" || code != "NoError" {
				assert.Contains(t, []string{"ErrorInvalidWatermark", "ErrorSchemaValidation", "NoError"}, code)
				continue
			}
			assert.Equal(t, []string{text}, texts(answer, "Watermark"), "it goes on where the client was")
			p := &puller{caller: c, id: texts(answer, "SubscriptionId")[0], watermark: text, more: true}
			told := 0
			for range events {
				told += len(p.next())
				if !p.more {
					break
				}
			}
			assert.False(t, p.more)
			assert.LessOrEqual(t, told, events)
		}
		p := pull(c, pullXML())
		for _, text := range []string{base64.StdEncoding.EncodeToString(ours), base64.StdEncoding.EncodeToString(content)} {
			want := "ErrorInvalidWatermark"
			if text == p.watermark {
				want = "NoError"
			}
			if text != "" {
				assert.Equal(t, []string{want}, codes(c.do(getEventsXML(p.id, text))))
			}
		}
	})
}
