package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Lab is a place to try out a server: connections as the account, and two folders of its
// own, one in the user's mailbox and one in quarantine. Its methods must not be called
// concurrently.
type Lab struct {
	Report *Report

	settings Settings
	cfg      exchange.Config // with the lab's folder and access
	base     http.RoundTripper
	token    string // in the subject and Message-ID of all its mail
	conn     *exchange.Connection
	client   *ews.Client // as the account itself
	last     *lastAnswer

	user, vault place
	messages    int // created so far
}

// place is one of the lab's own folders.
type place struct {
	client *ews.Client // acts in the mailbox
	folder ews.FolderID
}

// Open signs in and creates the folders. base is the transport beneath the sign-in; nil
// means one made from the configuration. The caller must close the lab.
func Open(ctx context.Context, s *Settings, access exchange.Access, base http.RoundTripper) (*Lab, error) {
	l := &Lab{Report: newReport(s, access), settings: *s, cfg: s.Config, base: base, token: driver.NewOperation(), last: &lastAnswer{}}
	l.cfg.Access, l.cfg.QuarantineFolder, l.cfg.FolderPerMailbox = access, l.name(), false
	l.cfg.SearchLag = exchange.Duration(s.Wait)
	l.cfg.WriteDoubt = exchange.Duration(max(5*time.Second, s.Wait))
	var err error
	if l.conn, err = exchange.Connect(&l.cfg, l.options()); err != nil {
		return nil, s.name(err)
	}
	limiter, err := throttle.New(nil)
	if err == nil {
		l.client, err = l.conn.Client(&ews.Options{ReadAttempts: 3, Limiter: limiter})
	}
	if err != nil {
		return nil, s.name(errors.Join(err, l.conn.Close()))
	}
	for _, where := range []struct {
		at            *place
		address, from string
	}{{&l.user, s.Mailbox, EnvMailbox}, {&l.vault, l.cfg.QuarantineMailbox, cmp.Or(s.File, EnvQuarantine)}} {
		if err := s.name(l.makeFolder(ctx, where.at, where.address)); err != nil {
			if errors.Is(err, ews.ErrUnauthorized) {
				return nil, errors.Join(err, l.Close(ctx))
			}
			if ews.Ambiguous(err) {
				err = fmt.Errorf("remove the folder %q if it is there: %w", l.name(), err)
			}
			return nil, errors.Join(fmt.Errorf("no folder for the suite's mail could be made in %s (%s) with %s (if the account does not have it, set %s): %w",
				where.address, where.from, access, EnvAccess, err), l.Close(ctx))
		}
	}
	l.Report.hide(l.client.URL()) // Autodiscover may have found it
	return l, nil
}

// options returns the options of a connection.
func (l *Lab) options() *exchange.Options {
	return &exchange.Options{Transport: l.base, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		return &observed{l.last, next}
	}}
}

// name is the name of the lab's folders.
func (l *Lab) name() string { return "EWSQ live " + l.token }

// view returns a client that acts in a mailbox.
func (l *Lab) view(address string) *ews.Client {
	if l.cfg.Access == exchange.Impersonation {
		return l.client.Impersonating(address)
	}
	return l.client.ForMailbox(address)
}

// known returns a well-known folder of the mailbox that a client acts in.
func (l *Lab) known(c *ews.Client, name ews.FolderName) ews.DistinguishedFolder {
	ref := ews.DistinguishedFolder{Name: name}
	if l.cfg.Access == exchange.FullAccess {
		ref.Mailbox = c.Mailbox()
	}
	return ref
}

func (l *Lab) makeFolder(ctx context.Context, at *place, address string) error {
	at.client = l.view(address)
	made, err := first(at.client.CreateFolder(ctx, ews.CreateFolderRequest{
		Parent: l.known(at.client, ews.FolderMsgFolderRoot), Folders: []ews.FolderSpec{{DisplayName: l.name()}},
	}))
	at.folder = made
	return err
}

// first returns the result of a batch of one.
func first[T any](results ews.Results[T], err error) (T, error) {
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		var none T
		return none, err
	}
	return results[0].Value, nil
}

// lastAnswer remembers the last response of the server.
type lastAnswer struct {
	mu     sync.Mutex
	status string
	header http.Header
}

// observed records the responses that a transport returns.
type observed struct {
	last *lastAnswer
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (o *observed) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r)
	o.last.mu.Lock()
	defer o.last.mu.Unlock()
	o.last.status, o.last.header = "", nil
	if err == nil {
		o.last.status, o.last.header = resp.Status, resp.Header.Clone()
	}
	return resp, err
}
