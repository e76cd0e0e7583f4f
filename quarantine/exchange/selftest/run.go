package selftest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// checker runs the self-test. Its fields hold what checks need from earlier ones.
type checker struct {
	cfg  exchange.Config // with defaults
	opts Options
	now  func() time.Time

	report  *Report
	rows    map[checkKey]int // of the report
	blocker string           // why the remaining checks are skipped
	offers  []string         // authentication schemes that the server offers
	limiter *checkLimiter

	conn        *exchange.Connection // to the server
	discovered  bool                 // Autodiscover found cfg.EWSURL
	certificate *auth.Certificate    // of the application; nil if it cannot be used
	client      *ews.Client          // as the account itself; nil with Graph
	graph       *graphChecker        // nil with EWS
	quarantine  *mailbox
	root        ews.Folder       // top of the quarantine mailbox
	folderID    string           // of the quarantine folder; empty if it does not exist
	code        ews.ResponseCode // of the last mailbox that could not be opened
}

type checkKey struct {
	name    Name
	mailbox string
}

func newChecker(cfg *exchange.Config, opts Options) *checker {
	k := &checker{cfg: cfg.WithDefaults(), opts: opts, now: opts.Now, rows: make(map[checkKey]int)}
	if k.now == nil {
		k.now = time.Now
	}
	k.limiter = &checkLimiter{inner: opts.Limiter}
	k.report = &Report{Server: cfg.Name, Access: k.cfg.Access, Started: k.now().UTC()}
	if k.overGraph() {
		k.report.GraphURL = k.cfg.GraphURL
		k.graph = &graphChecker{checker: k, refused: make(map[string]bool)}
		k.graph.plan()
		return k
	}
	k.report.URL = k.cfg.EWSURL
	k.plan()
	return k
}

// plan adds all checks to the report, so none is missing, however early the self-test ends.
func (k *checker) plan() {
	vault, add := k.cfg.QuarantineMailbox, k.add
	add("", CheckAutodiscover, CheckDNS, CheckTCP, CheckTLS, CheckClock, CheckCertificate, CheckStampKeys, CheckEndpoint, CheckAuthentication, CheckEWSAllowed, CheckVersion)
	add(vault, k.accessName(), CheckQuarantineMailbox, CheckQuarantineFolder, CheckQuarantineWrite, CheckNamedProperties, CheckChangeKeys)
	add("", CheckDirectory, CheckExportUpload, CheckMove)
	for _, m := range k.probes() {
		add(m, CheckMailbox, k.accessName(), CheckRecoverableItems, CheckArchive)
	}
	add("", CheckThrottling)
}

// add adds checks to the report, each once.
func (k *checker) add(mailbox string, names ...Name) {
	for _, name := range names {
		key := checkKey{name, strings.ToLower(mailbox)}
		if _, ok := k.rows[key]; !ok {
			k.rows[key] = len(k.report.Checks)
			k.report.Checks = append(k.report.Checks, Result{Name: name, Mailbox: mailbox})
		}
	}
}

// overGraph reports whether the configuration is for Graph.
func (k *checker) overGraph() bool { return k.cfg.API == exchange.APIGraph }

// address returns the URL of the server, and setting the name of the setting that holds it.
func (k *checker) address() string {
	if k.overGraph() {
		return k.cfg.GraphURL
	}
	return k.cfg.EWSURL
}

func (k *checker) setting() string {
	if k.overGraph() {
		return "graphUrl"
	}
	return "ewsUrl"
}

// probes returns the mailboxes to check: those of users and the one for reports. The
// quarantine mailbox is checked anyway.
func (k *checker) probes() []string {
	all := slices.DeleteFunc(slices.Clone(k.opts.Mailboxes), func(m string) bool { return strings.EqualFold(m, k.cfg.QuarantineMailbox) })
	if reports := k.cfg.ReportMailbox; reports != "" && !slices.ContainsFunc(all, func(m string) bool { return strings.EqualFold(m, reports) }) {
		all = append(all, reports)
	}
	return all
}

// accessName returns the check of the right that the configuration relies on.
func (k *checker) accessName() Name {
	if k.cfg.Access == exchange.Impersonation {
		return CheckImpersonation
	}
	return CheckFullAccess
}

func (k *checker) run(ctx context.Context) {
	steps := []func(context.Context){
		k.checkCertificate, k.checkStampKeys, k.checkTransport, k.checkAutodiscover, k.checkNetwork, k.checkAccount, k.checkQuarantine, k.checkProbes,
	}
	if k.overGraph() {
		steps = []func(context.Context){
			k.checkCertificate, k.checkStampKeys, k.checkTransport, k.checkNetwork, k.graph.checkAccount, k.graph.checkQuarantine, k.graph.checkProbes,
		}
	}
	for _, step := range steps {
		if k.blocker != "" || ctx.Err() != nil {
			return
		}
		step(ctx)
	}
}

// block ends the self-test: all remaining checks depend on the one that failed.
func (k *checker) block(name Name) {
	if k.blocker == "" {
		k.blocker = fixFirst(name)
	}
}

// fixFirst explains why a check that depends on another was skipped.
func fixFirst(name Name) string { return "not checked: fix " + string(name) + " first" }

// finish marks the remaining checks as skipped.
func (k *checker) finish(ctx context.Context) *Report {
	if k.conn != nil {
		_ = k.conn.Close() // only closes idle connections
	}
	if k.graph != nil && ctx.Err() == nil {
		k.graph.checkPermissions()
	}
	k.checkThrottling()
	reason := k.blocker
	if ctx.Err() != nil {
		reason = "not checked: " + context.Cause(ctx).Error()
	}
	for i := range k.report.Checks {
		if c := &k.report.Checks[i]; c.Status == "" {
			c.Status, c.Seen = Skipped, reason
		}
	}
	k.report.Finished = k.now().UTC()
	return k.report
}

// result returns the row of a check.
func (k *checker) result(name Name, mailbox string) *Result {
	return &k.report.Checks[k.rows[checkKey{name, strings.ToLower(mailbox)}]]
}

func (k *checker) ok(name Name, mailbox, seen string) {
	r := k.result(name, mailbox)
	r.Status, r.Seen = OK, seen
}

func (k *checker) skip(name Name, mailbox, reason string) {
	r := k.result(name, mailbox)
	r.Status, r.Seen = Skipped, reason
}

func (k *checker) warn(name Name, mailbox, seen string, r remedy) {
	k.note(Warning, name, mailbox, seen, r)
}

func (k *checker) fail(name Name, mailbox, seen string, r remedy) {
	k.note(Failed, name, mailbox, seen, r)
}

func (k *checker) note(status Status, name Name, mailbox, seen string, fix remedy) {
	r := k.result(name, mailbox)
	r.Status, r.Seen, r.Remedy, r.Commands = status, seen, fix.text, fix.commands
}

// undecided reports whether a check has no result because the server asked to
// slow down or the self-test was ended. The check is then skipped.
func (k *checker) undecided(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	if ctx.Err() != nil {
		return true
	}
	if ews.IsThrottled(err) || errors.Is(err, graph.ErrThrottled) || k.limiter.gaveUp() {
		k.limiter.refuse()
		k.block(CheckThrottling)
		return true
	}
	return false
}
