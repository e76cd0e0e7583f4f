package quarantine

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestMemberOf(t *testing.T) {
	t.Parallel()
	const dn = "/o=Example/ou=Exchange Administrative Group/cn=Recipients/cn=alice"
	tests := map[string]struct {
		raw  ews.Mailbox
		want Member
	}{
		"mailbox":       {ews.Mailbox{Name: "Alice", EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Mailbox"}, Member{"Alice", "a@x.example", MemberMailbox}},
		"user":          {ews.Mailbox{EmailAddress: "a@x.example", MailboxType: "User"}, Member{"", "a@x.example", MemberMailbox}},
		"list":          {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicDL"}, Member{"", "a@x.example", MemberGroup}},
		"group mailbox": {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "GroupMailbox"}, Member{"", "a@x.example", MemberGroupMailbox}},
		"contact":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Contact"}, Member{"", "a@x.example", MemberContact}},
		"outside":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "OneOff"}, Member{"", "a@x.example", MemberContact}},
		"folder":        {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicFolder"}, Member{"", "a@x.example", MemberOther}},
		"private list":  {ews.Mailbox{Name: "Friends", RoutingType: "MAPIPDL", MailboxType: "PrivateDL"}, Member{"Friends", "", MemberGroup}},
		"legacy name":   {ews.Mailbox{Name: "Alice", EmailAddress: dn, RoutingType: "EX", MailboxType: "Mailbox"}, Member{"Alice", "", MemberMailbox}},
		"odd one":       {ews.Mailbox{EmailAddress: "cn=a@x.example", RoutingType: "EX"}, Member{"", "", MemberOther}},
	}
	for name, tt := range tests {
		assert.Equal(t, tt.want, memberOf(tt.raw), name)
	}
}
