package ewsmail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// bells are the connections over which the mailboxes of an organisation hear of new mail.
type bells struct {
	// group names the mailboxes that may share a connection.
	group func(address string) string

	mu     sync.Mutex
	shared []*connection // with room for more mailboxes
	fails  int           // connections in a row that did not last
	pulls  time.Time     // until when none are tried
}

// maxShared is how many mailboxes share a connection: servers allow 200 subscriptions.
const maxShared = 200

// maxFails is how many connections in a row may fail before no more are tried for a
// while: an intermediary may hold back or break connections that stay open.
const maxFails = 3

// listen subscribes to a folder and waits for the connection to report events in it.
func (b *bells) listen(ctx context.Context, m *mailbox, folder driver.Folder, ring func(), alone bool) error {
	c := b.join(ctx, m, alone)
	defer b.leave(c)
	client := m.client.WithAffinity(c.affinity)
	sub, err := client.Subscribe(ctx, ews.SubscribeRequest{Folders: []ews.FolderRef{m.reference(folder)}, Events: rings, Streaming: true})
	if err != nil {
		b.close(c, m.address)
		if refused, ok := errors.AsType[*ews.ResponseError](err); ok && !ews.IsTransient(refused) {
			err = &ownError{err}
		}
		return err
	}
	defer unsubscribe(ctx, client, sub.ID)
	l := &listener{id: sub.ID, client: client, folder: folder, ring: ring, failed: make(chan error, 1)}
	c.add(l)
	defer c.remove(l)
	select {
	case err := <-l.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// join adds a mailbox to a shared connection, or creates a connection. The first mailbox
// is the anchor of the others.
func (b *bells) join(ctx context.Context, m *mailbox, alone bool) *connection {
	b.mu.Lock()
	defer b.mu.Unlock()
	group := ""
	if b.group != nil {
		group = b.group(m.address)
	}
	if !alone {
		for _, c := range b.shared {
			if c.group == group && c.members < maxShared {
				c.members++
				return c
			}
		}
	}
	c := &connection{
		bells: b, group: group, alone: alone, anchor: m.address, affinity: m.client.Affinity(m.address), members: 1,
		news: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if !alone {
		b.shared = append(b.shared, c)
	}
	// The connection outlives its first listener if there are others.
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go c.run(ctx)
	return c
}

// leave undoes join. The last mailbox to leave ends the connection.
func (b *bells) leave(c *connection) {
	b.mu.Lock()
	c.members--
	last := c.members == 0
	if last {
		b.drop(c)
	}
	b.mu.Unlock()
	if last {
		c.cancel()
		<-c.ended
	}
}

// close stops a connection from taking more mailboxes if its anchor cannot subscribe:
// others would be sent to a server that may not exist.
func (b *bells) close(c *connection, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.anchor == address {
		b.drop(c)
	}
}

func (b *bells) drop(c *connection) {
	b.shared = slices.DeleteFunc(b.shared, func(other *connection) bool { return other == c })
}

// lasted notes whether a connection has lasted.
func (b *bells) lasted(c *connection, yes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if yes {
		b.fails = 0
		return
	}
	b.drop(c)
	if c.alone {
		return
	}
	if b.fails++; b.fails >= maxFails {
		b.fails, b.pulls = 0, time.Now().Add(demotion)
	}
}
