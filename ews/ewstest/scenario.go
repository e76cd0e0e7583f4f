package ewstest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Scenario is an organisation described in JSON: mailboxes, rights, lists,
// messages, budgets, faults, policies, and people who act between calls. All fields are optional; unknown fields are
// refused:
//
//	{
//	  "description": "for human readers",        (also in mailboxes, contacts, lists and messages)
//	  "version": "Exchange2016", "domain": "example.test", "seed": 1, "latency": "20ms",
//	  "retentionOff": false, "moveLeftover": "recoverableitemsdeletions", "changeKeys": false,
//	  "odd": ["noTransfer", "noItemIds"],        (a list of names, see ParseOddities, or ["all"])
//	  "impersonatedMove": "toFolder",            (or "item", "crossMailbox", "fault")
//	  "maxConcurrency": 0, "requestsPerMinute": 0, "maxSubscriptions": 0, "maxStreams": 0,
//	  "throttling": "default,EwsCutoffBalance=60000,ExportItems=10ms+50ms",  (see ParseThrottling)
//	  "latencies": "20ms,ExportItems=1s",        (instead of latency; see ParseLatencies)
//	  "authentication": ["Basic", "NTLM", "Negotiate", "Bearer"], "extendedProtection": "require", (or "off", "accept")
//	  "azure":     {"tenantId": "GUID", "tenantNames": ["customer.onmicrosoft.com"],
//	                "applications": [{"id": "GUID", "certificateFile": "app.cer"}]},
//	  "users":     [{"name": "svc", "password": "secret"}],
//	  "mailboxes": [{"address": "alice@example.test", "displayName": "Alice", "password": "secret",
//	                 "proxyAddresses": [], "archive": true, "language": "de", "quotaBytes": 0, "hidden": false,
//	                 "folders": ["/Inbox/Projects", "inbox/Projects"], "moreFolders": 30, "searchFolders": ["AllItems"]}],
//	  "contacts":  [{"address": "partner@other.example", "displayName": "Partner", "hidden": false}],
//	  "fullAccess":    [{"user": "svc", "mailbox": "*"}],
//	  "impersonation": [{"user": "svc", "mailbox": "*"}],
//	  "sendAs":        [{"user": "svc", "mailbox": "all@example.test"}],     (a mailbox or a list, see Server.GrantSendAs)
//	  "sendOnBehalf":  [{"user": "bob", "mailbox": "alice@example.test"}],
//	  "lists":     [{"address": "all@example.test", "displayName": "All", "members": ["alice@example.test"], "hidden": false},
//	                {"address": "sales@example.test", "dynamic": "*@sales.example.test"}],
//	  "messages":  [{"mailbox": "alice@example.test", "eml": "Subject: Hi\r\n\r\nHi", "file": "or/a/file.eml",
//	                 "folder": "junkemail", "received": "2026-11-24T10:00:00Z", "read": false, "class": "IPM.Note",
//	                 "categories": [], "importance": "High", "flag": "Flagged"}],
//	  "budgets":   [{"user": "svc", "maxConcurrency": 10, "requestsPerMinute": 600, "maxSubscriptions": 20, "maxStreams": 3,
//	                 "throttling": "Exchange2010_SP3"}],                  (default: that of all)
//	  "policies":  [{"mailbox": "alice@example.test", "name": "rule", "trigger": "deliveries", "action": "MoveToFolder",
//	                 "folder": "inbox", "to": "inbox/News", "subject": "News", "messageId": "<1@example.test>",
//	                 "age": "48h", "delay": "2s"}],
//	  "steps":     [{"mailbox": "alice@example.test", "who": "owner", "operation": "MoveItem", "call": 1, "after": true,
//	                 "chance": 0.5, "once": true, "do": "file", "folder": "inbox", "messageId": "<1@example.test>",
//	                 "subject": "Invoice", "to": "inbox/Projects"},
//	                {"mailbox": "alice@example.test", "call": 9, "do": "moveAway", "time": "1m"}],
//	  "faults":    [{"fault": "DropAfter", "operation": "MoveItem", "count": 1},
//	                {"fault": "ErrorTimeoutExpired", "asFault": true, "at": 5},
//	                {"fault": "BusyItem", "backOff": "5s", "probability": 0.1},
//	                {"fault": "FalseSuccess", "operation": "DeleteItem", "messageId": "<1@evil.example>", "always": true},
//	                {"fault": "Unavailable", "operation": "UploadItems", "skip": 2, "actedAfter": "10m"},
//	                {"fault": "Lag", "time": "35s", "always": true}]
//	}
//
// A user's or mailbox's password defaults to NAME-password.
//
// The mailbox of a message can also be a list: then each of its mailboxes gets the
// message, as transport would deliver it, including hidden members and the members of
// dynamic lists. The folder of a message is a well-known name, such as archiveinbox or
// recoverableitemsdeletions, or a path of display names, which is created if it does not
// exist. A path begins with "/" for the top of the information store or with a well-known
// name, whatever that folder is called in the mailbox's language. Sent messages belong in
// sentitems.
//
// A fault is given by the name of a variable or function of this package or by a response
// code; see [Fault]. The arguments of a function are given next to it: "time" of Late,
// Slow, Stall, Lag and Linger, "keep" of Shortened, "row" of RowFails, "status" of
// Gateway, "code" of RestrictionRefused. "backOff", "member", "acted" and "actedAfter"
// are [Fault.BackOff], [Fault.AtMember], [Fault.Acted] and [Fault.ActedAfter]. Only a Go
// test can act on what Withheld holds back; elsewhere use Late.
//
// A fault strikes "count" times (up to 1,000,000), once by default, as by
// [Server.FailNext]. With "messageId", "skip" or "always" (no limit) it is planned by
// [Server.Fail], and likewise with a "probability" in addition to "operation" or "count".
// Faults that have only a probability are drawn together, at the highest probability
// given, as by [Server.FailRandomly]. "at" counts requests from the start and cannot be
// combined with these; see [Server.FailAt].
//
// A policy is a [Policy]: its trigger is deliveries (the default), arrivals or contents,
// and its action is the name of an [Action]. It acts on items with the given subject and
// Message-ID, or on all. Deliveries and arrivals are what comes after the messages of the
// scenario. Policy folders that do not exist are created.
//
// A step is a [Step] of one script. It acts on a message, the first one in the folder
// (default: in all, or in the Deletions of Recoverable Items) with the given subject and
// Message-ID: read, unread, flag (with "flag"), file and copy (with "to"), edit (with
// "newSubject", "body" or both), delete, shiftDelete, recover, purge. Or it acts on
// folders: renameFolder (with "name"), moveFolder (with "to"), deleteFolder, each with
// "folder", and emptyDeletedItems. With "time", moveAway makes the mailbox unavailable
// for that long. Folders that do not exist are created at the start.
type Scenario struct {
	dir  string // base of relative file names
	data scenarioData
}

type scenarioData struct {
	Description        string
	Version            string
	Domain             string
	Seed               uint64
	Latency            duration
	Latencies          string
	Throttling         string
	RetentionOff       bool
	MoveLeftover       ews.FolderName
	ChangeKeys         bool
	Odd                []string
	ImpersonatedMove   string
	MaxConcurrency     int
	RequestsPerMinute  int
	MaxSubscriptions   int
	MaxStreams         int
	Authentication     []string
	ExtendedProtection string
	Azure              *scenarioAzure
	Users              []scenarioUser
	Mailboxes          []scenarioMailbox
	FullAccess         []scenarioGrant
	Impersonation      []scenarioGrant
	SendAs             []scenarioGrant
	SendOnBehalf       []scenarioGrant
	Contacts           []scenarioContact
	Lists              []scenarioList
	Messages           []scenarioMessage
	Budgets            []scenarioBudget
	Faults             []scenarioFault
	Policies           []scenarioPolicy
	Steps              []scenarioStep
}

type scenarioAzure struct {
	TenantID     string
	TenantNames  []string
	Applications []scenarioApplication
}

type scenarioApplication struct{ ID, CertificateFile string }

type scenarioUser struct{ Name, Password string }

type scenarioMailbox struct {
	Description                    string
	Address, DisplayName, Password string
	ProxyAddresses                 []string
	Archive                        bool
	Language                       string
	QuotaBytes                     int64
	Hidden                         bool
	Folders, SearchFolders         []string
	MoreFolders                    int
}

type scenarioGrant struct{ User, Mailbox string }

type scenarioContact struct {
	Description, Address, DisplayName string
	Hidden                            bool
}

type scenarioList struct {
	Description, Address, DisplayName string
	Members                           []string
	Dynamic                           string
	Hidden                            bool
}

type scenarioMessage struct {
	Description                string
	Mailbox, EML, File, Folder string
	Received                   moment
	Read                       bool
	Class                      string
	Categories                 []string
	Importance, Flag           string
}

type scenarioBudget struct {
	User                              string
	MaxConcurrency, RequestsPerMinute int
	MaxSubscriptions, MaxStreams      int
	Throttling                        string
}

// LoadScenario reads a scenario in JSON. File names in it are relative to the working
// directory.
func LoadScenario(r io.Reader) (*Scenario, error) { return loadScenario(r, "") }

// LoadScenarioFile reads a scenario from a file. File names in it are relative to the
// directory of that file.
func LoadScenarioFile(name string) (*Scenario, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("ewstest: scenario: %w", err)
	}
	defer f.Close()
	return loadScenario(f, filepath.Dir(name))
}

func loadScenario(r io.Reader, dir string) (*Scenario, error) {
	s := &Scenario{dir: dir}
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&s.data); err != nil {
		return nil, fmt.Errorf("ewstest: scenario: %w", inField(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("ewstest: scenario: unexpected data after the end of the object")
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("ewstest: scenario: %w", err)
	}
	return s, nil
}

// Version returns the version that the scenario asks for, or Exchange2016 if it does not
// specify one.
func (s *Scenario) Version() Version {
	if v, err := ParseVersion(s.data.Version); err == nil {
		return v
	}
	return Exchange2016
}

// NewServer starts a server with the organisation of the scenario. Options set in
// opts take precedence over the scenario; Empty is always true.
func (s *Scenario) NewServer(opts *Options) (*Server, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	d := &s.data
	if o.Version == 0 && d.Version != "" {
		o.Version, _ = ParseVersion(d.Version) // checked before
	}
	if o.Domain == "" {
		o.Domain = d.Domain
	}
	if o.Seed == 0 {
		o.Seed = d.Seed
	}
	if o.Latency == 0 && o.Latencies == nil {
		o.Latency = time.Duration(d.Latency)
		if d.Latencies != "" {
			o.Latency, o.Latencies, _ = ParseLatencies(d.Latencies) // checked before
		}
	}
	if o.Throttling == nil {
		o.Throttling, _ = d.throttling(d.Throttling, o.Version) // checked before
	}
	if o.MoveLeftover == "" {
		o.MoveLeftover = d.MoveLeftover
	}
	if o.CrossMailboxImpersonated == 0 {
		o.CrossMailboxImpersonated = refusals[d.ImpersonatedMove]
	}
	if o.MaxConcurrency == 0 {
		o.MaxConcurrency = d.MaxConcurrency
	}
	if o.RequestsPerMinute == 0 {
		o.RequestsPerMinute = d.RequestsPerMinute
	}
	o.MaxSubscriptions = cmp.Or(o.MaxSubscriptions, d.MaxSubscriptions)
	o.MaxStreams = cmp.Or(o.MaxStreams, d.MaxStreams)
	if o.Odd == 0 {
		o.Odd, _ = d.oddities() // checked before
	}
	o.RetentionOff = o.RetentionOff || d.RetentionOff
	o.ChangeKeys = o.ChangeKeys || d.ChangeKeys
	o.Empty = true
	if err := s.signIn(&o); err != nil {
		return nil, fmt.Errorf("ewstest: scenario: %w", err)
	}
	contents, err := s.contents()
	if err != nil {
		return nil, fmt.Errorf("ewstest: scenario: %w", err)
	}
	srv := NewServer(&o)
	if err := s.apply(srv, contents); err != nil {
		srv.Close()
		return nil, fmt.Errorf("ewstest: scenario: %w", err)
	}
	return srv, nil
}
