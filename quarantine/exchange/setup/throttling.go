package setup

import (
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// setupPolicy is the name of the throttling policy that the steps create.
const setupPolicy = "Quarantine"

// throttling adds the step about the server's limits.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
func (s *builder) throttling() {
	charged := s.cfg.Authentication.Username
	text := []string{
		"With FullAccess everything is charged to the service account, however many mailboxes it works on. A separate policy lets it do more at once than users may, without changing their limits. Do not remove a limit entirely: they protect the server.",
	}
	if s.cfg.Access == exchange.Impersonation {
		charged = s.cfg.QuarantineMailbox
		text = []string{
			"With impersonation the work is charged to the mailbox that it is done on, under the policy of that mailbox. " +
				"Users' mailboxes usually have the default policy, which is enough, since there is little work on each. All copies go into the quarantine mailbox, so give that one a separate policy. Do not remove a limit entirely: they protect the server.",
		}
		if s.version == Exchange2010 {
			text = append(text, "Before Service Pack 2 RU4, concurrent connections count for both the service account and the mailbox: assign the policy to the account, too.")
		}
	}
	var commands []string
	if s.version == Exchange2010 {
		text = append(text, "Exchange 2010 limits concurrent calls and the percentage of each minute that they spend in Active Directory, in the Client Access server and in the mailbox; `$null` means no limit. The default is 10 concurrent calls.")
		commands = []string{
			"Get-ThrottlingPolicy | Where-Object { $_.IsDefault } | Format-List Name,EWS*,CPUStartPercent",
			"New-ThrottlingPolicy -Name " + powershell.Quote(setupPolicy) + " -EWSMaxConcurrency 20 -EWSPercentTimeInAD 100 -EWSPercentTimeInCAS 500 -EWSPercentTimeInMailboxRPC 300 -EWSFindCountLimit 1000",
		}
	} else {
		text = append(text, "Exchange 2013 and later give each account a budget in milliseconds: `EwsMaxBurst` at once, recharged by `EwsRechargeRate` per hour, and blocked at `EwsCutoffBalance`. These values are twice the defaults. The default is 27 concurrent calls. Then tell the configuration, which keeps to the defaults otherwise: `\"throttling\": {\"concurrency\": 40, \"ewsMaxBurst\": 600000, \"ewsRechargeRate\": 1800000, \"ewsCutoffBalance\": 6000000}`.")
		commands = []string{
			"Get-ThrottlingPolicy | Where-Object { $_.ThrottlingPolicyScope -eq 'Global' } | Format-List Name,Ews*",
			"New-ThrottlingPolicy -Name " + powershell.Quote(setupPolicy) + " -ThrottlingPolicyScope Regular -EwsMaxConcurrency 54 -EwsMaxBurst 600000 -EwsRechargeRate 1800000 -EwsCutoffBalance 6000000",
		}
	}
	commands = append(commands,
		"Set-ThrottlingPolicyAssociation -Identity "+powershell.Quote(charged)+" -ThrottlingPolicy "+powershell.Quote(setupPolicy),
		"Get-ThrottlingPolicyAssociation -Identity "+powershell.Quote(charged)+" | Format-List Name,ThrottlingPolicyId",
	)
	s.add("Raise the server's limits", text, ShellExchange, commands...)
}
