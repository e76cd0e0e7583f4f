package ewsmail

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestMemberOf(t *testing.T) {
	t.Parallel()
	const dn = "/o=Example/ou=Exchange Administrative Group/cn=Recipients/cn=alice"
	tests := map[string]struct {
		raw  ews.Mailbox
		want driver.Member
	}{
		"mailbox":       {ews.Mailbox{Name: "Alice", EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Mailbox"}, driver.Member{Name: "Alice", Address: "a@x.example", Kind: driver.MemberMailbox}},
		"user":          {ews.Mailbox{EmailAddress: "a@x.example", MailboxType: "User"}, driver.Member{Address: "a@x.example", Kind: driver.MemberMailbox}},
		"list":          {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicDL"}, driver.Member{Address: "a@x.example", Kind: driver.MemberGroup}},
		"group mailbox": {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "GroupMailbox"}, driver.Member{Address: "a@x.example", Kind: driver.MemberGroupMailbox}},
		"contact":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "Contact"}, driver.Member{Address: "a@x.example", Kind: driver.MemberContact}},
		"outside":       {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "OneOff"}, driver.Member{Address: "a@x.example", Kind: driver.MemberContact}},
		"folder":        {ews.Mailbox{EmailAddress: "a@x.example", RoutingType: "SMTP", MailboxType: "PublicFolder"}, driver.Member{Address: "a@x.example", Kind: driver.MemberOther}},
		"private list":  {ews.Mailbox{Name: "Friends", RoutingType: "MAPIPDL", MailboxType: "PrivateDL"}, driver.Member{Name: "Friends", Kind: driver.MemberGroup}},
		"legacy name":   {ews.Mailbox{Name: "Alice", EmailAddress: dn, RoutingType: "EX", MailboxType: "Mailbox"}, driver.Member{Name: "Alice", Kind: driver.MemberMailbox}},
		"odd one":       {ews.Mailbox{EmailAddress: "cn=a@x.example", RoutingType: "EX"}, driver.Member{Kind: driver.MemberOther}},
	}
	for name, tt := range tests {
		assert.Equal(t, tt.want, memberOf(tt.raw), name)
	}
}
