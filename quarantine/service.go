package quarantine

import (
	"context"
	"iter"
)

// Find looks for every copy of a message in its mailbox and changes nothing.
// The outcome of each item is [Found].
func (s *Service) Find(ctx context.Context, t Target) (*Receipt, error) { return nil, nil }

// Quarantine moves every copy of a message out of its mailbox.
func (s *Service) Quarantine(ctx context.Context, t Target) (*Receipt, error) { return nil, nil }

// Restore puts back what a receipt of Quarantine says was taken.
func (s *Service) Restore(ctx context.Context, r *Receipt) (*Receipt, error) { return nil, nil }

// RestoreMessage puts back every copy of a message that lies in quarantine for a
// mailbox, from nothing but the items there.
func (s *Service) RestoreMessage(ctx context.Context, t Target) (*Receipt, error) { return nil, nil }

// ListRequest says what List returns.
type ListRequest struct {
	Mailbox   string // only what came from this mailbox; empty: all
	MessageID string // only this message; empty: all
}

// List returns what lies in quarantine, oldest first. An error is terminal.
func (s *Service) List(ctx context.Context, req ListRequest) iter.Seq2[Item, error] { return nil }

// Close ends the service.
func (s *Service) Close() error { return nil }

// Service quarantines and restores.
type Service struct{}

// Options of Open beyond the configuration; nil: defaults.
type Options struct{}

// Open makes a Service from a configuration.
func Open(cfg *Config, opts *Options) (*Service, error) { return nil, nil }
