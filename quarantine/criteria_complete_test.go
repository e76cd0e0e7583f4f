package quarantine_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// criterionCase is how one criterion behaves: with hit, it finds the message of
// completeMessage; with miss, it does not; and bad is refused.
type criterionCase struct{ hit, miss, bad func(*quarantine.Criteria) }

// criterionCases has a case for each field of Criteria. A criterion that is
// ignored lets more match than was wanted.
var criterionCases = map[string]criterionCase{
	"Sender": {
		func(c *quarantine.Criteria) { c.Sender = "mallory@evil.example" },
		func(c *quarantine.Criteria) { c.Sender = "trent@evil.example" },
		func(c *quarantine.Criteria) { c.Sender = "mallory" },
	},
	"Recipient": {
		func(c *quarantine.Criteria) { c.Recipient = "alice@example.test" },
		func(c *quarantine.Criteria) { c.Recipient = "bob@example.test" },
		func(c *quarantine.Criteria) { c.Recipient = "alice" },
	},
	"ReplyTo": {
		func(c *quarantine.Criteria) { c.ReplyTo = "Pay@evil.example" },
		func(c *quarantine.Criteria) { c.ReplyTo = "mallory@evil.example" },
		func(c *quarantine.Criteria) { c.ReplyTo = "pay" },
	},
	"Subject": {
		func(c *quarantine.Criteria) { c.Subject = "Your invoice 4711" },
		func(c *quarantine.Criteria) { c.Subject = "Your invoice 4712" },
		func(c *quarantine.Criteria) { c.Subject = " " },
	},
	"SubjectMatch": {
		func(c *quarantine.Criteria) { c.Subject, c.SubjectMatch = "Your inv", quarantine.SubjectPrefix },
		func(c *quarantine.Criteria) { c.Subject, c.SubjectMatch = "invoice", quarantine.SubjectPrefix },
		func(c *quarantine.Criteria) { c.SubjectMatch = "sounds like" },
	},
	"ReceivedAfter": {
		func(c *quarantine.Criteria) { c.ReceivedAfter = criteriaDay },
		func(c *quarantine.Criteria) { c.ReceivedAfter = criteriaDay.Add(time.Second) },
		func(c *quarantine.Criteria) { c.ReceivedAfter = time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC) },
	},
	"ReceivedBefore": {
		func(c *quarantine.Criteria) { c.ReceivedBefore = criteriaDay.Add(time.Second) },
		func(c *quarantine.Criteria) { c.ReceivedBefore = criteriaDay },
		func(c *quarantine.Criteria) { c.ReceivedBefore = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC) },
	},
	"AttachmentName": {
		func(c *quarantine.Criteria) { c.AttachmentName = "invoice.iso" },
		func(c *quarantine.Criteria) { c.AttachmentName = "receipt.iso" },
		func(c *quarantine.Criteria) { c.AttachmentName = "*.iso" },
	},
	"AttachmentSHA256": {
		// of "MZ"
		func(c *quarantine.Criteria) {
			c.AttachmentSHA256 = "9b8db510ef42b8ed54a3712636fda55a4f8cfcd5493e20b74ab00cd4f3979f2d"
		},
		func(c *quarantine.Criteria) { c.AttachmentSHA256 = strings.Repeat("0", 64) },
		func(c *quarantine.Criteria) { c.AttachmentSHA256 = "MD5" },
	},
	"URL": {
		func(c *quarantine.Criteria) { c.URL = "https://evil.example/login" },
		func(c *quarantine.Criteria) { c.URL = "https://evil.example/logout" },
		func(c *quarantine.Criteria) { c.URL = "evil" },
	},
}

func completeMessage() []byte {
	return mail("complete", "From: Mallory <mallory@evil.example>\nTo: Alice <alice@example.test>\nReply-To: Accounts <pay@evil.example>\nSubject: Your invoice 4711\nContent-Type: multipart/mixed; boundary=b",
		"--b\nContent-Type: text/plain\n\nSee https://evil.example/login\n--b\nContent-Type: application/octet-stream; name=invoice.iso\nContent-Transfer-Encoding: base64\n\n"+
			base64.StdEncoding.EncodeToString([]byte("MZ"))+"\n--b--\n")
}

// TestCriteriaAreComplete: each criterion is matched, validated and shown.
func TestCriteriaAreComplete(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, false)
	srv.Mailbox(alice).DeliverWith(completeMessage(), ewstest.Delivery{Received: criteriaDay})
	wide := quarantine.Criteria{
		Sender: "mallory@evil.example", ReceivedAfter: criteriaDay.AddDate(0, 0, -1), ReceivedBefore: criteriaDay.AddDate(0, 0, 1),
	}
	var fields []string
	for f := range reflect.TypeFor[quarantine.Criteria]().Fields() {
		fields = append(fields, f.Name)
		tc, ok := criterionCases[f.Name]
		if !assert.True(t, ok, "there is no case of %s", f.Name) {
			continue
		}
		c := wide
		tc.hit(&c)
		got, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
		require.NoError(t, err, f.Name)
		assert.Equal(t, []string{"complete"}, got, "%s does not find what matches", f.Name)
		assert.Empty(t, undecided, f.Name)

		c = wide
		tc.miss(&c)
		got, undecided, err = findBy(t, strategy, c, quarantine.Limits{})
		require.NoError(t, err, f.Name)
		assert.Empty(t, got, "%s is not looked at", f.Name)
		assert.Empty(t, undecided, f.Name)

		c = quarantine.Criteria{Sender: "mallory@evil.example"}
		if f.Name == "Sender" {
			c = quarantine.Criteria{Subject: "Your invoice 4711"}
		}
		tc.bad(&c)
		err = c.Validate()
		require.ErrorIs(t, err, quarantine.ErrInvalid, "%s is not checked", f.Name)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		assert.Equal(t, name, quarantine.Problems(err)[0].Field)

		var one, other quarantine.Criteria
		tc.hit(&one)
		tc.miss(&other)
		assert.False(t, one.IsZero(), f.Name)
		assert.NotEqual(t, one.String(), other.String(), "%s is not shown", f.Name)
	}
	assert.Len(t, criterionCases, len(fields), "a case of a criterion that there is not")
}

// TestCriteriaReachTheDriver: a driver gets every criterion, with its value.
func TestCriteriaReachTheDriver(t *testing.T) {
	t.Parallel()
	engine, plain := reflect.TypeFor[quarantine.Criteria](), reflect.TypeFor[driver.Criteria]()
	var c quarantine.Criteria
	for _, tc := range criterionCases {
		tc.hit(&c)
	}
	got := reflect.ValueOf(driver.Criteria(c))
	require.Equal(t, engine.NumField(), plain.NumField())
	for f := range engine.Fields() {
		assert.Equal(t, fmt.Sprint(reflect.ValueOf(c).FieldByIndex(f.Index)), fmt.Sprint(got.FieldByName(f.Name)), f.Name)
		assert.False(t, got.FieldByName(f.Name).IsZero(), f.Name)
	}
}
