package graphmail_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// asTwo shows the parts of alice's mailbox as two mailboxes, to the suite that knows no
// others.
type asTwo struct{ *graphmail.InPlace }

func (s asTwo) Mailbox(address string) driver.Mailbox {
	if address == vault {
		return asVault{s.Vault(alice)}
	}
	return s.InPlace.Mailbox(address)
}

func (s asTwo) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	c.From, c.To = bare(c.From), bare(c.To)
	return s.InPlace.Carry(ctx, c)
}

// asVault is a vault with the address of the suite's quarantine mailbox.
type asVault struct{ driver.Mailbox }

func (asVault) Address() string          { return vault }
func (v asVault) Unwrap() driver.Mailbox { return v.Mailbox }

// Folder leaves out of the path that the vault is in another mailbox.
func (v asVault) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	f, err := v.Mailbox.Folder(ctx, want)
	f.Path = strings.TrimPrefix(f.Path, "/"+graphmail.VaultFolder)
	return f, err
}

func bare(m driver.Mailbox) driver.Mailbox {
	if v, ok := m.(asVault); ok {
		return v.Mailbox
	}
	return m
}

func TestConformanceInPlace(t *testing.T) {
	t.Parallel()
	quarantinetest.RunInVirtualTime(t, func(t *testing.T) quarantinetest.Lab {
		if n := interruption(t.Name()); n >= 0 && n%3 != 0 && !*whole {
			t.Skip("every third interruption; with -whole, all")
		}
		w := newWorld(t, nil)
		w.inPlace = true
		s, err := graphmail.NewInPlace(w.As(w.Direct(), "app"), &graphmail.Options{Root: w.DirectURL()})
		require.NoError(t, err)
		return lab{w, asTwo{s}}
	})
}

// TestMatrixInPlace is TestMatrix in a national cloud, with messages that stay in their
// mailboxes.
func TestMatrixInPlace(t *testing.T) {
	t.Parallel()
	matrix(t, inPlace)
}

// TestRandomRunsInPlace is TestRandomRuns in place.
func TestRandomRunsInPlace(t *testing.T) {
	t.Parallel()
	n := *randomHistories
	if *whole {
		n = max(n, 500)
	}
	for i := range uint64(n) {
		seed := *randomSeed + i
		synctest.Test(t, func(t *testing.T) {
			if story, wrong := history(t, seed, inPlace); wrong != "" {
				t.Errorf("seed %d: %s\n%s", seed, wrong, strings.Join(story, "\n"))
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d histories from seed %d", n, *randomSeed)
}
