package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// folderTTL is how long the folders of a mailbox are remembered. A search that relies on
// them reads them again at the end, because there may be a new one, unless it has found
// the attempt that it looks for.
const folderTTL = 2 * time.Minute

// Two limits bound what is remembered: the number of mailboxes, and the total number of
// their folders, each of which takes about 400 bytes. A campaign visits tens of thousands
// of mailboxes, each of them once.
const (
	maxMailboxes = 4096
	maxFolders   = 1 << 15
)

// organisation provides access to the mailboxes of one Exchange organisation. It
// is shared by the strategies.
type organisation struct {
	// view returns the client for a mailbox.
	view func(address string) *ews.Client
	// delegate means that distinguished folders must name the mailbox.
	delegate bool
	// remedy explains how to grant the right that a mailbox needs.
	remedy string
	// recoverable and archive select what else to search.
	recoverable, archive bool

	// bells are the connections over which mailboxes hear of new mail.
	bells bells

	mu        sync.Mutex
	mailboxes map[string]*mailbox
	listed    int // number of remembered folders in all mailboxes
}

// mailbox returns the mailbox with an address; each call returns the same one, as long as
// it is remembered.
func (x *organisation) mailbox(address string) *mailbox {
	key := strings.ToLower(address)
	x.mu.Lock()
	defer x.mu.Unlock()
	m, ok := x.mailboxes[key]
	if !ok {
		if len(x.mailboxes) >= maxMailboxes {
			x.forget(nil)
		}
		m = &mailbox{x: x, address: address, client: x.view(address), reading: make(chan struct{}, 1), rereading: make(chan struct{}, rereaders)}
		x.mailboxes[key] = m
	}
	m.used = time.Now()
	return m
}

// forget drops all mailboxes, except one, that were last used in the older half of the
// period between the oldest and the newest use.
func (x *organisation) forget(except *mailbox) {
	var oldest, newest time.Time
	for _, m := range x.mailboxes {
		if oldest.IsZero() || m.used.Before(oldest) {
			oldest = m.used
		}
		if m.used.After(newest) {
			newest = m.used
		}
	}
	middle := oldest.Add(newest.Sub(oldest) / 2)
	for key, m := range x.mailboxes {
		if m != except && !m.used.After(middle) {
			delete(x.mailboxes, key)
			x.listed -= m.listed
		}
	}
}

// keeps notes how many folders a mailbox remembers, and forgets other mailboxes if the
// total is too large. A mailbox that is forgotten while in use is freed with its last
// user.
func (x *organisation) keeps(m *mailbox, folders int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.mailboxes[strings.ToLower(m.address)] != m {
		return
	}
	x.listed += folders - m.listed
	m.listed = folders
	if x.listed > maxFolders {
		x.forget(m)
	}
}

// rereaders is how many callers may read the folders of a mailbox again at the same time.
// Many want to be sure that there is no new folder in the quarantine mailbox, and taking
// turns they would wait for each other longer than for the server.
const rereaders = 4

// mailbox is a [driver.Mailbox] on an Exchange server.
type mailbox struct {
	x       *organisation
	address string
	client  *ews.Client
	used    time.Time // guarded by x.mu
	listed  int       // remembered folders; guarded by x.mu
	trouble trouble   // guarded by x.bells.mu

	reading   chan struct{} // has a value while the folders are first read, so that they are read only once
	rereading chan struct{} // has a value for each reader that reads them again
	mu        sync.Mutex
	tree      *folderTree
	archive   *folderTree // folders of the archive, if it was read separately

	// single is when the server last refused to search several folders at once, in
	// Unix seconds.
	single atomic.Int64
}

// known returns the reference to a well-known folder.
func (m *mailbox) known(name ews.FolderName) ews.DistinguishedFolder {
	f := ews.DistinguishedFolder{Name: name}
	if m.x.delegate {
		f.Mailbox = m.address
	}
	return f
}

// unreachable explains why the mailbox cannot be opened. Exchange returns the same error
// for a mailbox that does not exist and for one that the account has no right to; the
// directory tells them apart.
func (m *mailbox) unreachable(ctx context.Context, cause error) error {
	if refused, ok := errors.AsType[*ews.ResponseError](cause); ok && refused.Code == "ErrorNonPrimarySmtpAddress" {
		return fmt.Errorf("%w: %s: this is a secondary address: use the mailbox's primary address: %w", driver.ErrUnreachable, m.address, cause)
	}
	if _, ok := errors.AsType[*ews.HTTPError](cause); ok {
		return cause // it concerns the server, and already says what to do
	}
	if !errors.Is(cause, ews.ErrNotFound) && !errors.Is(cause, ews.ErrNoMailbox) && !errors.Is(cause, ews.ErrAccessDenied) {
		return cause
	}
	refused, _ := errors.AsType[*ews.ResponseError](cause)
	says := func(text string) bool {
		return refused != nil && strings.Contains(strings.ToLower(refused.Message), text)
	}
	if says("default folder") && says("not found") {
		return fmt.Errorf("%w: %s: its default folders do not exist, so it was never opened, or is damaged: open it once with Outlook on the web, or repair it "+
			"(New-MailboxRepairRequest): %w", driver.ErrUnreachable, m.address, cause)
	}
	if says("guid") && refused.Code == "ErrorNonExistentMailbox" {
		return fmt.Errorf("%w: %s: the server that holds the mailbox does not have it any more: it was moved, perhaps to another "+
			"organisation or to Exchange Online: check where it is: %w", driver.ErrUnreachable, m.address, cause)
	}
	hint := "the mailbox does not exist, or the account has no right to it: check the address, or " + m.x.remedy
	if m.x.delegate {
		found, err := m.client.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "smtp:" + m.address})
		switch {
		case err == nil && len(found.Candidates) > 0 && strings.HasSuffix(found.Candidates[0].Mailbox.MailboxType, "DL"):
			hint = "this is a distribution list, not a mailbox: use the addresses of its members"
		case err == nil && len(found.Candidates) > 0 && !hasAddress(found, m.address):
			hint = fmt.Sprintf("this is not a primary address: use %q, as in the directory", found.Candidates[0].Mailbox.EmailAddress)
		case err == nil && len(found.Candidates) > 0 && !slices.ContainsFunc(found.Candidates, func(c ews.Resolution) bool { return c.Mailbox.EmailAddress == m.address }):
			hint = fmt.Sprintf("the directory writes this address %q: some servers tell upper from lower case, so use it as it is there; "+
				"or the account has no right to the mailbox: %s", found.Candidates[0].Mailbox.EmailAddress, m.x.remedy)
		case err == nil && len(found.Candidates) > 0:
			hint = "the mailbox exists, but the account has no right to it: " + m.x.remedy
		case errors.Is(err, ews.ErrNotFound):
			hint = "the directory does not contain this address: check it"
		}
	}
	return fmt.Errorf("%w: %s: %s: %w", driver.ErrUnreachable, m.address, hint, cause)
}

func hasAddress(found *ews.Resolutions, address string) bool {
	for _, c := range found.Candidates {
		if strings.EqualFold(c.Mailbox.EmailAddress, address) {
			return true
		}
	}
	return false
}

// asGone wraps err in [driver.ErrGone] if the server reports that something does
// not exist, and returns err itself otherwise.
func asGone(err error) error {
	if errors.Is(err, ews.ErrNotFound) {
		return fmt.Errorf("%w: %w", driver.ErrGone, err)
	}
	return err
}
