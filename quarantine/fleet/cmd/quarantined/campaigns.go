package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// enqueue stores the campaign of a file.
func (p *program) enqueue(ctx context.Context, c *command, campaigns *fleet.Campaigns) error {
	in := io.NopCloser(p.stdin)
	if c.targets != "-" {
		f, err := os.Open(c.targets)
		if err != nil {
			return fmt.Errorf("-targets: %w; %w", err, errUsage)
		}
		in = f
	}
	defer in.Close()
	targets, err := readTargets(in)
	if err != nil {
		return fmt.Errorf("-targets %s: %w; %w", c.targets, err, errUsage)
	}
	o := fleet.Order{Campaign: c.campaign, Reason: c.reason, By: c.by, Targets: targets}
	if o.Campaign == "" {
		o.Campaign = newCampaign()
	}
	if c.forwards {
		o.Forwards = new(quarantine.ForwardOptions)
	}
	done, err := campaigns.Enqueue(ctx, o)
	if errors.Is(err, fleet.ErrUnreachable) && c.campaign == "" { // or repeating it would make another campaign
		return fmt.Errorf("it is not known whether the campaign was stored; let the name be -campaign %s: %w", o.Campaign, err)
	}
	if err != nil {
		return err
	}
	return p.print(done)
}

// newCampaign returns a name that no other campaign has.
func newCampaign() string { return "c-" + strings.ToLower(rand.Text()[:16]) }

// about does the commands about existing campaigns.
func (p *program) about(ctx context.Context, c *command, campaigns *fleet.Campaigns) error {
	err := p.ask(ctx, c, campaigns)
	if errors.Is(err, fleet.ErrNoCampaign) || errors.Is(err, fleet.ErrNoTarget) {
		err = fmt.Errorf("%s: %w", c.campaign, err)
	}
	return err
}

func (p *program) ask(ctx context.Context, c *command, campaigns *fleet.Campaigns) error {
	switch c.name {
	case "list":
		all, err := campaigns.List(ctx, nil, 100)
		for _, s := range all {
			err = errors.Join(err, p.print(s))
		}
		return err
	case "cancel":
		if err := campaigns.Cancel(ctx, c.campaign); err != nil {
			return err
		}
	case "restore":
		if err := restore(ctx, campaigns, c.campaign, c.target); err != nil {
			return err
		}
	}
	s, err := campaigns.Status(ctx, c.campaign)
	if err != nil {
		return err
	}
	if err := p.print(s); err != nil || !c.each {
		return err
	}
	for t, err := range campaigns.All(ctx, c.campaign) {
		if err != nil {
			return err
		}
		if err := p.print(t); err != nil {
			return err
		}
	}
	return nil
}

// restore puts back one target of a campaign or, if none is named, all.
func restore(ctx context.Context, campaigns *fleet.Campaigns, campaign, target string) error {
	if target == "" {
		return campaigns.Restore(ctx, campaign)
	}
	return campaigns.Release(ctx, campaign, target)
}
