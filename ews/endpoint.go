package ews

import (
	"context"
	"fmt"
	"net/url"
)

// URL returns the endpoint; it is empty until Options.Discover has found it.
func (c *Client) URL() string {
	u := c.endpoint.Load()
	if u == nil {
		return ""
	}
	return u.String()
}

// place returns the endpoint without its query, as shown in errors.
func (c *Client) place() string {
	p := c.endpoint.Load()
	if p == nil {
		return ""
	}
	u := *p
	u.RawQuery = ""
	return u.String()
}

// locate returns the endpoint, discovering it if necessary.
func (c *Client) locate(ctx context.Context) (*url.URL, error) {
	if u := c.endpoint.Load(); u != nil {
		return u, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	raw, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	u, err := parseEndpoint(raw)
	if err != nil {
		return nil, fmt.Errorf("Options.Discover returned an unusable endpoint: %w", err)
	}
	if !c.endpoint.CompareAndSwap(nil, u) {
		u = c.endpoint.Load() // another call was faster; all use the same
	}
	return u, nil
}
