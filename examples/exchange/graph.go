package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// listeners are the sockets of both APIs.
type listeners struct{ graph net.Listener }

// behind gives the listener to Graph, and returns another one on the same address for EWS.
func (l *listeners) behind(ctx context.Context, graph net.Listener) (net.Listener, error) {
	host, _, err := net.SplitHostPort(graph.Addr().String())
	if err == nil {
		var beside net.Listener
		if beside, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err == nil {
			l.graph = graph
			return beside, nil
		}
	}
	return nil, errors.Join(err, graph.Close())
}

// overGraph starts a Graph over the mailboxes of an Exchange server, with the applications
// of -app.
func (s *settings) overGraph(srv *ewstest.Server, listener net.Listener) (*graphtest.Server, error) {
	opts := &graphtest.Options{
		Tenant: tenantID, TLS: s.tls, Listener: listener, Latency: s.latency.all,
		TokenLifetime: 30 * 24 * time.Hour, // for the one in the first line
		MaxRecords:    1000,
	}
	if s.tls {
		tenant, err := s.apps.tenant()
		if err != nil {
			return nil, err
		}
		own, err := s.client.application()
		if err != nil {
			return nil, err
		}
		for _, a := range append(tenant.Applications, own...) {
			opts.Applications = append(opts.Applications, graphtest.Application{ID: a.ID, Certificates: a.Certificates})
		}
	}
	return graphtest.New(srv, opts), nil
}
