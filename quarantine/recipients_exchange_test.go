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
		"mailbox":       {ews.Mailbox{Name: "Alice", EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Mailbox"}, Member{Name: "Alice", Address: "a@x.example", Kind: MemberMailbox}},
		"user":          {ews.Mailbox{EmailAddress: "a@x.example", MailboxType: "User"}, Member{Address: "a@x.example", Kind: MemberMailbox}},
		"list":          {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicDL"}, Member{Address: "a@x.example", Kind: MemberGroup}},
		"group mailbox": {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "GroupMailbox"}, Member{Address: "a@x.example", Kind: MemberGroupMailbox}},
		"contact":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Contact"}, Member{Address: "a@x.example", Kind: MemberContact}},
		"outside":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "OneOff"}, Member{Address: "a@x.example", Kind: MemberContact}},
		"folder":        {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicFolder"}, Member{Address: "a@x.example", Kind: MemberOther}},
		"private list":  {ews.Mailbox{Name: "Friends", RoutingType: "MAPIPDL", MailboxType: "PrivateDL"}, Member{Name: "Friends", Kind: MemberGroup}},
		"legacy name":   {ews.Mailbox{Name: "Alice", EmailAddress: dn, RoutingType: "EX", MailboxType: "Mailbox"}, Member{Name: "Alice", Kind: MemberMailbox}},
		"odd one":       {ews.Mailbox{EmailAddress: "cn=a@x.example", RoutingType: "EX"}, Member{Kind: MemberOther}},
	}
	for name, tt := range tests {
		assert.Equal(t, tt.want, memberOf(tt.raw), name)
	}
}
