package setup

import (
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// setupPolicy names the throttling policy that setup makes.
const setupPolicy = "Quarantine"

// throttling adds the step about the limits of the server.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
func (s *builder) throttling() {
	charged := s.cfg.Authentication.Username
	text := []string{
		"With FullAccess everything is charged to the service account, however many mailboxes it works on. A policy of its own lets it do more at once than a user may, and leaves the users' limits alone. Take no limit away altogether: they protect the server.",
	}
	if s.cfg.Access == exchange.Impersonation {
		charged = s.cfg.QuarantineMailbox
		text = []string{
			"With impersonation the work is charged to the mailbox that is worked on, by the policy that the mailbox has: " +
				"for users' mailboxes that is the default policy, which therefore matters, and is enough, since each is worked on a little. All copies go into the quarantine mailbox, so that is what needs a policy of its own. Take no limit away altogether: they protect the server.",
		}
		if s.version == Exchange2010 {
			text = append(text, "Before Service Pack 2 RU4, concurrent connections were counted together for the service account and the mailbox: then give the policy to the account, too.")
		}
	}
	var commands []string
	if s.version == Exchange2010 {
		text = append(text, "Exchange 2010 counts concurrent calls and the share of each minute that they spend in Active Directory, in the Client Access server and in the mailbox; `$null` is no limit. The default is 10 calls at once.")
		commands = []string{
			"Get-ThrottlingPolicy | Where-Object { $_.IsDefault } | Format-List Name,EWS*,CPUStartPercent",
			"New-ThrottlingPolicy -Name " + powershell.Quote(setupPolicy) + " -EWSMaxConcurrency 20 -EWSPercentTimeInAD 100 -EWSPercentTimeInCAS 500 -EWSPercentTimeInMailboxRPC 300 -EWSFindCountLimit 1000",
		}
	} else {
		text = append(text, "Exchange 2013 and later give each account a budget of milliseconds: `EwsMaxBurst` at once, `EwsRechargeRate` an hour, blocked at `EwsCutoffBalance`. These are twice the defaults. The default is 27 calls at once.")
		commands = []string{
			"Get-ThrottlingPolicy | Where-Object { $_.ThrottlingPolicyScope -eq 'Global' } | Format-List Name,Ews*",
			"New-ThrottlingPolicy -Name " + powershell.Quote(setupPolicy) + " -ThrottlingPolicyScope Regular -EwsMaxConcurrency 54 -EwsMaxBurst 600000 -EwsRechargeRate 1800000 -EwsCutoffBalance 6000000",
		}
	}
	commands = append(commands,
		"Set-ThrottlingPolicyAssociation -Identity "+powershell.Quote(charged)+" -ThrottlingPolicy "+powershell.Quote(setupPolicy),
		"Get-ThrottlingPolicyAssociation -Identity "+powershell.Quote(charged)+" | Format-List Name,ThrottlingPolicyId",
	)
	s.add("Set the limits of the server", text, ShellExchange, commands...)
}
