package main

import (
	"context"
	"fmt"
	"net"
)

// listen opens the socket of the server.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("-addr: %q is not HOST:PORT, such as 127.0.0.1:8080; %w", addr, errUsage)
	}
	if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil {
		return nil, fmt.Errorf("-addr: the port %q is not a number from 0 to 65535; port 0 takes any that is free; %w", port, errUsage)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr: %w; use an address of this machine, such as 127.0.0.1, and a port that is free; port 0 takes any", err)
	}
	return listener, nil
}
