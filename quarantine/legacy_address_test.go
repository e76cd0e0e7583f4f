package quarantine_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

var smtpMailbox = regexp.MustCompile(`<t:EmailAddress>([^<@]*)@example\.test</t:EmailAddress>(<t:RoutingType>SMTP</t:RoutingType>)?`)

// A server returns the addresses of people inside the organisation as
// legacyExchangeDN (X.500), with or without saying so. If it is asked for by SMTP
// address, such a message is found, or reported as undecided; a message of someone
// else is not, if the server shows that.
func TestLegacyAddresses(t *testing.T) {
	t.Parallel()
	const inside = "From: Bob <bob@example.test>\r\nTo: Alice <alice@example.test>\r\nCc: Carol <carol@example.test>\r\nSubject: pay\r\nMessage-ID: " + theID + "\r\n\r\nhi\r\n"
	for name, legacy := range map[string]string{
		"EX":                `<t:EmailAddress>/O=EXAMPLE/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=$1</t:EmailAddress><t:RoutingType>EX</t:RoutingType>`,
		"EX, in lower case": `<t:EmailAddress>/o=example/ou=x/cn=recipients/cn=0a1b-$1</t:EmailAddress><t:RoutingType>ex</t:RoutingType>`,
		"not said":          `<t:EmailAddress>/O=EXAMPLE/CN=RECIPIENTS/CN=$1</t:EmailAddress>`,
		"no address":        `<t:EmailAddress></t:EmailAddress>`,
		"none at all":       ``,
	} {
		for _, c := range []quarantine.Criteria{
			{Sender: "bob@example.test", Subject: "pay"}, {Recipient: "alice@example.test", Sender: "bob@example.test"},
			{Recipient: "carol@example.test", Subject: "pay"}, {Sender: "bob@example.test"}, {Recipient: "carol@example.test"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				changed := 0
				o := worldOptions{impersonation: true, settings: func(s *quarantine.Options) { s.CriteriaSearch = true }, gate: &gate{
					change: func(op ews.Operation, _ int, _, answer string) string {
						if op != ews.OpGetItem && op != ews.OpFindItem {
							return answer
						}
						after := smtpMailbox.ReplaceAllString(answer, legacy)
						for _, person := range []string{alice, bob, carol} {
							after = strings.ReplaceAll(after, ">"+person+"<", ">/O=EXAMPLE/CN=X<") // SMTP addresses in other properties
						}
						if after != answer {
							changed++
						}
						return after
					},
				}}
				w := newWorld(t, o)
				w.Mailbox(alice).DeliverWith([]byte(inside), ewstest.Delivery{Received: criteriaDay})
				c.ReceivedAfter, c.ReceivedBefore = criteriaDay.AddDate(0, 0, -1), criteriaDay.AddDate(0, 0, 1)
				r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: c})
				require.NoError(t, err)
				assert.Positive(t, changed)
				if len(r.Items) == 0 {
					require.Error(t, r.Err(), "not found, and the search called complete")
					require.Len(t, r.Unsearched, 1)
					assert.Equal(t, quarantine.CauseUndecided, r.Unsearched[0].Cause)
				}
			})
		}
	}
}

var carolsEntry = regexp.MustCompile(`<t:Mailbox><t:Name>Carol</t:Name>.*?</t:Mailbox>`)

// If the server names nobody, as in a message to undisclosed recipients, nobody is
// missing either; and the header of the message may name people whom the server does not.
func TestUndisclosedRecipients(t *testing.T) {
	t.Parallel()
	for name, complete := range map[string]bool{"Undisclosed recipients:;": true, "undisclosed-recipients:;": true, "Somebody": false} {
		for _, named := range []bool{false, true} {
			changed := false
			w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.CriteriaSearch = true }, gate: &gate{
				change: func(_ ews.Operation, _ int, _, answer string) string {
					after := carolsEntry.ReplaceAllString(answer, "<t:Mailbox><t:Name>"+name+"</t:Name></t:Mailbox>")
					changed = changed || after != answer
					return after
				},
			}})
			to := name
			if named {
				to = "Carol <carol@example.test>"
			}
			w.Mailbox(alice).Deliver([]byte("From: Bob <bob@example.test>\r\nTo: " + to + "\r\nSubject: pay\r\n\r\nhi\r\n"))
			r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Recipient: "dora@example.test", Subject: "pay", ReceivedAfter: criteriaDay}})
			require.NoError(t, err)
			assert.Equal(t, named, changed)
			assert.Empty(t, r.Items)
			assert.Equal(t, complete || named, r.Err() == nil, "%s: %v", name, r.Err())
		}
	}
}
