package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Building the server and starting the programs takes most of the time of the tests that do
// so. They check the same things without it.
var whole = flag.Bool("whole", false, "run examples/exchange and ewsq as programs of their own, and the shared corpus, where that takes long")

// served describes an Exchange for tests, as examples/exchange runs it.
type served struct {
	auth     string // the value of -auth
	tls      bool
	scenario string            // a file
	azure    *ewstest.Azure    // who may sign in with tokens
	app      string            // the file of the certificate of the application in azure
	load     map[string]string // folders with messages, by mailbox
}

// start serves it: in this process, or with -whole as the program.
func (s served) start(t *testing.T) ready {
	t.Helper()
	if *whole {
		return serveWith(t, build(t), s.arguments()...)
	}
	opts := ewstest.Options{TLS: s.tls, Authentication: s.schemes(t), Azure: s.azure}
	if strings.Contains(s.auth, "bearer") && s.azure == nil {
		opts.Azure = &ewstest.Azure{TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", TenantNames: []string{"example.test"}}
	}
	srv := s.server(t, &opts)
	t.Cleanup(srv.Close)
	for address, dir := range s.load {
		names, err := filepath.Glob(filepath.Join(dir, "*.eml"))
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			eml, err := os.ReadFile(name)
			require.NoError(t, err)
			srv.Mailbox(address).Deliver(eml)
		}
	}
	first := ready{URL: srv.URL(), Authority: srv.AuthorityURL()}
	if tenant := srv.Tenant(); tenant != nil {
		first.TenantID = tenant.TenantID
	}
	if s.tls {
		first.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(first.CAFile, srv.CAPEM(), 0o600))
	}
	return first
}

func (s served) server(t *testing.T, opts *ewstest.Options) *ewstest.Server {
	t.Helper()
	if s.scenario == "" {
		return ewstest.NewServer(opts)
	}
	scenario, err := ewstest.LoadScenarioFile(s.scenario)
	require.NoError(t, err)
	srv, err := scenario.NewServer(opts)
	require.NoError(t, err)
	return srv
}

func (s served) schemes(t *testing.T) []ewstest.Scheme {
	t.Helper()
	var all []ewstest.Scheme
	for name := range strings.FieldsFuncSeq(s.auth, func(r rune) bool { return r == ',' }) {
		switch name {
		case "basic":
			all = append(all, ewstest.Basic)
		case "ntlm":
			all = append(all, ewstest.Negotiate, ewstest.NTLM)
		case "bearer":
			all = append(all, ewstest.Bearer)
		default:
			assert.Fail(t, "unknown scheme", name)
		}
	}
	return all
}

func (s served) arguments() []string {
	var args []string
	if s.auth != "" {
		args = append(args, "-auth", s.auth)
	}
	if s.tls {
		args = append(args, "-tls")
	}
	if s.scenario != "" {
		args = append(args, "-scenario", s.scenario)
	}
	if s.app != "" {
		args = append(args, "-app", applicationID+"="+s.app)
	}
	for address, dir := range s.load {
		args = append(args, "-load", address+"="+dir)
	}
	return args
}
