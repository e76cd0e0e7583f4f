package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Environment variables with secrets.
const (
	envDatabase = "QUARANTINED_DATABASE_URL"
	envToken    = "QUARANTINED_TOKEN"
)

// settings are the configuration.
type settings struct {
	// DatabaseURL is the address of the database, as in
	// postgres://USER:PASSWORD@HOST:5432/NAME. It is a secret: it appears in no error or
	// log.
	DatabaseURL exchange.Secret `json:"databaseUrl"`
	// Listen is where the HTTP server listens. Default: 127.0.0.1:8090.
	Listen string `json:"listen"`
	// UserHeader is the header field in which the proxy in front of the pages names the
	// user. Proxies are the addresses it may come from, such as 10.0.0.5 or 10.0.0.0/24;
	// default: this machine. Without UserHeader, the pages are served to this machine only.
	UserHeader string   `json:"userHeader"`
	Proxies    []string `json:"proxies"`
	// Jobs and TakeOverAfter are as in [fleet.WorkerOptions].
	Jobs          int               `json:"jobs"`
	TakeOverAfter exchange.Duration `json:"takeOverAfter"`
	Settle        exchange.Duration `json:"settle"`
	// Processes is the maximum number of processes. Each uses its part of what the servers
	// allow by default, or asks for its share of the throttling in "exchange". Default: 2.
	Processes int `json:"processes"`
	// Reports are the mailboxes to which users report mail, and which are watched.
	Reports []reportSettings `json:"reports"`
	// Exchange is the content of a configuration file of ewsq: a configuration, or an array
	// of them.
	Exchange json.RawMessage `json:"exchange"`

	configs []exchange.Config
	proxies []netip.Prefix
	token   string
}

// loadSettings reads the configuration, and the secrets in the environment.
func loadSettings(file string, lookup func(string) (string, bool)) (*settings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseSettings(text, lookup)
}

// parseSettings reads a configuration.
func parseSettings(text []byte, lookup func(string) (string, bool)) (*settings, error) {
	if err := exchange.CheckSettings[settings](text); err != nil {
		return nil, err
	}
	s := new(settings)
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")), s); err != nil {
		return nil, fmt.Errorf("is not a configuration: %w", err)
	}
	if s.Exchange == nil {
		return nil, errors.New(`"exchange" is missing: give what the file of ewsq has, an object or an array of them`)
	}
	configs, err := exchange.ParseConfigs(bytes.NewReader(s.Exchange))
	if err != nil {
		return nil, fmt.Errorf(`in "exchange": %w`, err)
	}
	s.configs = configs
	for i := range s.configs {
		s.configs[i].SecretsFromEnv(lookup)
		if s.configs[i].JournalFile != "" {
			return nil, errors.New(`"journalFile" is set, but the journal is in the database; leave it out`)
		}
	}
	if s.Processes == 0 {
		s.Processes = 2
	}
	if s.Listen == "" {
		s.Listen = "127.0.0.1:8090"
	}
	if v, ok := lookup(envDatabase); ok && v != "" && s.DatabaseURL.IsZero() {
		s.DatabaseURL = exchange.NewSecret(v)
	}
	s.token, _ = lookup(envToken)
	return s, s.check()
}

var (
	validHeader = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,99}$`)
	validToken  = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{1,1000}=*$`) // RFC 6750, section 2.1
)

func (s *settings) check() error {
	switch {
	case s.DatabaseURL.IsZero():
		return fmt.Errorf("databaseUrl is missing; give postgres://USER:PASSWORD@HOST:5432/NAME, or set %s in the environment", envDatabase)
	case s.UserHeader != "" && !validHeader.MatchString(s.UserHeader):
		return errors.New("userHeader is not the name of a header field; give one such as X-Forwarded-User")
	case s.UserHeader == "" && len(s.Proxies) > 0:
		return errors.New("proxies is set without userHeader; give the header field in which the proxy names the user")
	case s.Processes < 0 || s.Processes > 1000:
		return fmt.Errorf("processes is %d; give how many there are at most, 1 to 1000", s.Processes)
	case s.token != "" && !validToken.MatchString(s.token):
		return fmt.Errorf("%s in the environment cannot be sent in a header; use letters, digits, and '-', '.', '_', '~', '+' or '/'", envToken)
	case time.Duration(s.TakeOverAfter) < 0, time.Duration(s.Settle) < 0:
		return errors.New("takeOverAfter or settle is negative; give a time such as 10m")
	}
	if err := s.checkReports(); err != nil {
		return err
	}
	for _, p := range s.Proxies {
		prefix, err := netip.ParsePrefix(p)
		if one, bad := netip.ParseAddr(p); bad == nil {
			prefix, err = netip.PrefixFrom(one, one.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("proxies: %q is no address; give one such as 10.0.0.5 or 10.0.0.0/24", p)
		}
		s.proxies = append(s.proxies, prefix)
	}
	if s.UserHeader != "" && len(s.proxies) == 0 {
		s.proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return nil
}
