package setup

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Version is the version of Exchange that [New] writes steps for.
type Version string

// Versions. Their cmdlets differ.
const (
	Exchange2010   Version = "2010"
	Exchange2013   Version = "2013"
	Exchange2016   Version = "2016"
	Exchange2019   Version = "2019"
	ExchangeSE     Version = "SE" // Subscription Edition
	ExchangeOnline Version = "online"
)

// exchangeProducts are the product names of the versions.
var exchangeProducts = map[Version]string{
	Exchange2010: "Exchange Server 2010", Exchange2013: "Exchange Server 2013", Exchange2016: "Exchange Server 2016",
	Exchange2019: "Exchange Server 2019", ExchangeSE: "Exchange Server Subscription Edition", ExchangeOnline: "Exchange Online",
}

// Options are the options of [New]. nil or the zero value means the defaults.
type Options struct {
	// ExchangeVersion decides which commands the guide contains. Default:
	// ExchangeOnline with Azure AD, APIGraph or an EWSURL of Exchange Online, else
	// ExchangeSE, which uses the commands of Exchange 2013 and later.
	ExchangeVersion Version
}

// Guide describes how to prepare an organisation for a configuration.
type Guide struct {
	Title string `json:"title"`
	// Notes precede the steps. They name settings that the configuration omits,
	// and the examples that the commands use instead.
	Notes []string `json:"notes,omitempty"`
	Steps []Step   `json:"steps"`
}

// Step is one thing to do.
type Step struct {
	Title string   `json:"title"`
	Text  []string `json:"text"` // paragraphs; text in backquotes is code
	// Shell is where to run the commands.
	Shell    Shell    `json:"shell,omitempty"`
	Commands []string `json:"commands,omitempty"`
}

// Shell is a command line.
type Shell string

// Shells.
const (
	ShellExchange       Shell = "Exchange Management Shell"
	ShellExchangeOnline Shell = "Exchange Online PowerShell"
	ShellGraph          Shell = "Microsoft Graph PowerShell"
	ShellLocal          Shell = "this machine"
)

// New returns the steps and exact commands that prepare an organisation for a
// configuration. It contacts no server and changes nothing. Texts from the
// configuration appear in the commands as PowerShell literals, whatever
// characters they contain.
//
// Missing settings, which may depend on a step that is still to be done, are filled in with
// examples. All others must be valid: otherwise New returns the error of
// [exchange.Config.Validate]. It also returns an error if the version does not fit.
func New(cfg *exchange.Config, opts *Options) (*Guide, error) {
	if cfg == nil {
		return nil, driver.Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.ExchangeVersion == "" {
		o.ExchangeVersion = ExchangeSE
		if cfg.Authentication.Type == exchange.AuthenticationAzureAD || leadsOnline(cfg.EWSURL) || cfg.API == exchange.APIGraph {
			o.ExchangeVersion = ExchangeOnline
		}
	}
	product, ok := exchangeProducts[o.ExchangeVersion]
	if !ok {
		return nil, driver.Invalid("options", "ExchangeVersion", fmt.Sprintf("is %q; use 2010, 2013, 2016, 2019, SE or online", o.ExchangeVersion))
	}
	s := &builder{version: o.ExchangeVersion, guide: &Guide{}}
	s.complete(*cfg)
	if err := errors.Join(s.cfg.Validate(), s.fits()); err != nil {
		return nil, err
	}
	s.guide.Title = "Preparing " + product
	if s.overGraph() {
		s.guide.Title += ", by Microsoft Graph,"
	}
	if cfg.Name != "" {
		s.guide.Title += " for " + code(cfg.Name)
	}
	switch {
	case s.cfg.QuarantineInPlace:
		s.graphInPlace()
	case s.overGraph():
		s.graph()
	case o.ExchangeVersion == ExchangeOnline:
		s.online()
	default:
		s.onPremises()
	}
	s.add("Test it", []string{
		"The self-test checks all of this and reports what is missing. Name some users' mailboxes that it may open; it only reads them.",
	}, ShellLocal, "ewsq -config FILE check -mailbox "+powershell.Quote(s.exampleUser()))
	return s.guide, nil
}

// builder collects the steps for one configuration.
type builder struct {
	cfg       exchange.Config
	version   Version
	guide     *Guide
	missing   map[string]bool // settings that were filled in
	unlocated bool            // ewsUrl is empty, which is valid
}

func (s *builder) add(title string, text []string, shell Shell, commands ...string) {
	s.guide.Steps = append(s.guide.Steps, Step{Title: title, Text: text, Shell: shell, Commands: commands})
}

// complete fills in what the configuration leaves out.
func (s *builder) complete(c exchange.Config) {
	s.missing = make(map[string]bool)
	fill := func(value *string, field, example string) {
		if *value == "" {
			*value = example
			s.missing[field] = true
			s.guide.Notes = append(s.guide.Notes, fmt.Sprintf("%s is not set; the commands use %s instead.", code(field), code(example)))
		}
	}
	a := &c.Authentication
	switch {
	case s.version != ExchangeOnline && c.API != exchange.APIGraph:
		fill((*string)(&a.Type), "authentication.type", string(exchange.AuthenticationNTLM))
	case c.API == exchange.APIGraph:
		fill((*string)(&a.Type), "authentication.type", string(exchange.AuthenticationAzureAD))
		if clouds := cloudsOf(a.AuthenticationEndpoint); c.QuarantineInPlace && len(clouds) > 1 {
			fill(&c.GraphURL, "graphUrl", "https://"+clouds[0].GraphHost)
		}
	default:
		fill((*string)(&a.Type), "authentication.type", string(exchange.AuthenticationAzureAD))
		switch clouds := cloudsOf(a.AuthenticationEndpoint); {
		case len(clouds) == 0:
			fill(&c.EWSURL, "ewsUrl", msclouds.All()[0].EWSURL())
		case len(clouds) > 1: // a single one is the default
			fill(&c.EWSURL, "ewsUrl", clouds[0].EWSURL())
		}
	}
	if !c.QuarantineInPlace {
		fill(&c.QuarantineMailbox, "quarantineMailbox", "quarantine@example.com")
	}
	if a.Type == exchange.AuthenticationAzureAD {
		fill(&a.TenantID, "authentication.tenantId", "customer.onmicrosoft.com")
		fill(&a.ApplicationID, "authentication.applicationId", "00000000-0000-0000-0000-000000000000")
		fill(&a.PrivateKeyFile, "authentication.privateKeyFile", "quarantine.pfx")
	} else {
		fill(&a.Username, "authentication.username", `EXAMPLE\svc-quarantine`)
		if a.Password.IsZero() && a.PasswordFunc == nil && a.Type != exchange.AuthenticationExternal {
			a.Password = exchange.NewSecret("none") // a guide needs no password
		}
	}
	s.unlocated = c.EWSURL == ""
	s.cfg = c.WithDefaults()
}

// cloudsOf returns the clouds that an authority belongs to; none means the worldwide one.
func cloudsOf(authority string) []msclouds.Cloud {
	if u, err := url.Parse(authority); err == nil && u.Host != "" {
		return msclouds.OfAuthority(u.Hostname())
	}
	return msclouds.All()[:1]
}

// fits checks that the version fits the configuration.
func (s *builder) fits() error {
	azure := s.cfg.Authentication.Type == exchange.AuthenticationAzureAD
	refuse := func(format string, args ...any) error {
		return driver.Invalid("options", "ExchangeVersion", fmt.Sprintf(format, args...))
	}
	switch {
	case s.overGraph() && s.version != ExchangeOnline:
		return refuse(`is %s, but api is "graph", which Exchange Online alone has; use online, or set api to "ews"`, s.version)
	case s.version == ExchangeOnline && s.cfg.Authentication.Type == exchange.AuthenticationExternal:
		return refuse(`is online, for which the guide covers applications only; set authentication.type to "azureAD" for the steps about them`)
	case s.version == ExchangeOnline && !azure:
		return refuse(`is online, but Exchange Online accepts tokens only; set authentication.type to "azureAD"`)
	case s.version != ExchangeOnline && !s.unlocated && leadsOnline(s.cfg.EWSURL):
		return refuse("is %s, but ewsUrl points to Exchange Online; use online", s.version)
	case s.version == Exchange2010 && azure:
		return refuse(`is 2010, which does not accept tokens; set authentication.type to "ntlm"`)
	case s.version != ExchangeOnline && azure:
		return refuse("is %s, but the guide does not cover that version with authentication.type \"azureAD\" (hybrid modern authentication); use online for the steps about the application", s.version)
	}
	return nil
}

// overGraph reports whether the configuration is for Graph.
func (s *builder) overGraph() bool { return s.cfg.API == exchange.APIGraph }

// leadsOnline reports whether a URL points to Exchange Online.
func leadsOnline(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && msclouds.HasEWS(u.Hostname())
}

// cloud returns the Exchange Online cloud that the configuration is for.
func (s *builder) cloud() auth.Cloud {
	if u, err := url.Parse(s.cfg.EWSURL); err == nil {
		if c, ok := auth.CloudOf(u.Hostname()); ok {
			return c
		}
	}
	return auth.Clouds()[0]
}

// exampleUser returns an address in the domain of the quarantine mailbox.
func (s *builder) exampleUser() string {
	if s.cfg.QuarantineInPlace {
		return "alice@example.com"
	}
	_, domain, _ := strings.Cut(s.cfg.QuarantineMailbox, "@")
	return "alice@" + domain
}
