package live

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Environment variables.
const (
	EnvConfig     = "EWSQ_LIVE_CONFIG"     // file with an [exchange.Config], instead of the next six
	EnvURL        = "EWSQ_LIVE_URL"        // address of EWS
	EnvAccount    = "EWSQ_LIVE_ACCOUNT"    // DOMAIN\user or user@domain
	EnvPassword   = "EWSQ_LIVE_PASSWORD"   // of the account
	EnvAuth       = "EWSQ_LIVE_AUTH"       // ntlm (default) or basic
	EnvCAFile     = "EWSQ_LIVE_CA_FILE"    // certificates to trust (PEM)
	EnvQuarantine = "EWSQ_LIVE_QUARANTINE" // address of the quarantine mailbox
	EnvMailbox    = "EWSQ_LIVE_MAILBOX"    // address of a user's mailbox
	EnvAccess     = "EWSQ_LIVE_ACCESS"     // fullAccess, impersonation or both (default)
	EnvSender     = "EWSQ_LIVE_SENDER"     // mailbox that sends mail and gets its receipts
	EnvBlocked    = "EWSQ_LIVE_BLOCKED"    // mailbox for which EWS is switched off
	EnvMaxMB      = "EWSQ_LIVE_MAX_MB"     // largest message to try, in MB (default 8)
	EnvWait       = "EWSQ_LIVE_WAIT"       // how long mail and searches may take (default 60s)
	EnvReport     = "EWSQ_LIVE_REPORT"     // file to which the report is appended
)

// Settings determine which server is tried, and with which mailboxes.
type Settings struct {
	// Config describes how to sign in, and where quarantine is. Its folder is replaced by
	// one of the suite's own, and its access by each of Access.
	Config exchange.Config
	Access []exchange.Access // one or both; both are tried

	Mailbox string // primary address of a user's mailbox
	// Sender is a mailbox that sends mail to Mailbox and gets the receipts. With
	// FullAccess it must be the account's own. Empty: no mail is sent.
	Sender string
	// Blocked is a mailbox for which EWS is switched off. Empty: not tried.
	Blocked string

	MaxMB int           // largest message to try
	Wait  time.Duration // how long mail may be in transit, and a search may lag behind

	File       string // from which Config was read; empty: Config comes from variables
	ReportFile string // to which reports are appended; empty: none
}

// FromEnv reads the settings from environment variables; their names and defaults are
// given with the constants. EnvMailbox is required, and either EnvConfig or EnvURL,
// EnvAccount, EnvPassword and EnvQuarantine. The error names each variable that is
// missing or wrong, and quotes no password. lookup reads a variable; nil means
// [os.LookupEnv].
func FromEnv(lookup func(string) (string, bool)) (*Settings, error) {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	e := &environment{lookup: lookup}
	s := &Settings{
		Mailbox: e.address(EnvMailbox, true), Sender: e.address(EnvSender, false), Blocked: e.address(EnvBlocked, false),
		MaxMB: e.megabytes(), Wait: e.wait(), File: e.value(EnvConfig), ReportFile: e.reportFile(),
	}
	if s.File != "" {
		e.config(s.File, &s.Config)
	} else {
		s.Config = exchange.Config{
			EWSURL: e.required(EnvURL), QuarantineMailbox: e.address(EnvQuarantine, true), RootCAFile: e.value(EnvCAFile),
			Authentication: exchange.Authentication{
				Type: e.authentication(), Username: e.required(EnvAccount), Password: exchange.NewSecret(e.password()),
			},
		}
	}
	s.Access = e.access(&s.Config)
	e.check(s)
	if s.Mailbox != "" && strings.EqualFold(s.Mailbox, s.Config.QuarantineMailbox) {
		e.wrong(EnvMailbox, "is the quarantine mailbox; name a user's")
	}
	return s, errors.Join(e.errs...)
}

// environment collects the problems with the variables.
type environment struct {
	lookup func(string) (string, bool)
	errs   []error
	named  map[string]bool // variables in errs
}

// wrong records a problem with a variable, unless it already has one.
func (e *environment) wrong(name, problem string) {
	if e.named[name] {
		return
	}
	if e.named == nil {
		e.named = make(map[string]bool)
	}
	e.named[name] = true
	e.errs = append(e.errs, fmt.Errorf("%s %s", name, problem))
}

// check checks the configuration with each access, as the SDK does.
func (e *environment) check(s *Settings) {
	if s.File != "" && e.named[EnvConfig] {
		return // nothing was read
	}
	accesses := s.Access
	if len(accesses) == 0 {
		accesses = []exchange.Access{""} // the variable is wrong; check the others
	}
	for _, access := range accesses {
		cfg := s.Config
		cfg.Access = access
		for _, p := range quarantine.Problems(cfg.Validate()) {
			switch name := inVariables.Replace(p.Field); {
			case p.Field == "access":
				e.wrong(EnvAccess, p.Problem)
			case s.File != "":
				e.wrong(EnvConfig, "cannot be used: "+p.Error())
			default:
				e.wrong(name, inVariables.Replace(p.Problem))
			}
		}
	}
}

// password returns the password unchanged, since spaces may belong to it.
func (e *environment) password() string {
	e.required(EnvPassword)
	v, _ := e.lookup(EnvPassword)
	return v
}

// reportFile returns the file for the reports, which must prove writable before the hour
// that they take.
func (e *environment) reportFile() string {
	name := e.value(EnvReport)
	if name == "" {
		return ""
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		e.wrong(EnvReport, "names a file that cannot be written: "+err.Error())
	}
	return name
}

func (e *environment) value(name string) string {
	v, _ := e.lookup(name)
	return strings.TrimSpace(v)
}

// required returns a variable that must be set.
func (e *environment) required(name string) string {
	v := e.value(name)
	if v == "" {
		e.wrong(name, "is not set; CONTRIBUTING.md says what the live suite needs")
	}
	return v
}

func (e *environment) address(name string, required bool) string {
	v := e.value(name)
	if v == "" {
		if required {
			e.required(name)
		}
		return ""
	}
	if err := mailname.CheckAddress(v); err != nil {
		e.wrong(name, err.Error())
	}
	return v
}

func (e *environment) authentication() exchange.AuthenticationType {
	switch v := e.value(EnvAuth); strings.ToLower(v) {
	case "", "ntlm":
		return exchange.AuthenticationNTLM
	case "basic":
		return exchange.AuthenticationBasic
	}
	e.wrong(EnvAuth, "must be ntlm or basic; for Azure AD name a configuration with "+EnvConfig)
	return ""
}

// access returns the accesses to try. Azure AD supports only one.
func (e *environment) access(cfg *exchange.Config) []exchange.Access {
	both := []exchange.Access{exchange.FullAccess, exchange.Impersonation}
	azure := cfg.Authentication.Type == exchange.AuthenticationAzureAD
	switch v := e.value(EnvAccess); {
	case v == "" && azure:
		return both[1:]
	case v == "" && cfg.Access != "":
		return []exchange.Access{cfg.Access}
	case v == "" || v == "both":
		return both
	case slices.Contains(both, exchange.Access(v)):
		return []exchange.Access{exchange.Access(v)}
	}
	e.wrong(EnvAccess, "must be fullAccess, impersonation or both")
	return nil
}

func (e *environment) config(file string, cfg *exchange.Config) {
	read, err := exchange.LoadConfig(file)
	if err != nil {
		e.wrong(EnvConfig, "cannot be used: "+err.Error())
		return
	}
	*cfg = *read
	cfg.SecretsFromEnv(e.lookup)
	cfg.JournalFile = ""
}

func (e *environment) megabytes() int {
	n, err := strconv.Atoi(cmp.Or(e.value(EnvMaxMB), "8"))
	if err != nil || n < 1 || n > 150 {
		e.wrong(EnvMaxMB, "must be a number of MB from 1 to 150")
	}
	return n
}

func (e *environment) wait() time.Duration {
	d, err := time.ParseDuration(cmp.Or(e.value(EnvWait), "60s"))
	if err != nil || d < 0 || d > 10*time.Minute {
		e.wrong(EnvWait, "must be a duration up to 10m, such as 60s")
	}
	return d
}
