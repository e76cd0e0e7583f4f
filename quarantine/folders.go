package quarantine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// folderOf returns the quarantine folder for a mailbox, creating it if it is
// missing. again is set if the folder returned last time is gone.
func (s *Service) folderOf(ctx context.Context, mailbox string, again bool) (driver.Folder, error) {
	key, names := s.rootKey(mailbox), []string{s.folderName}
	if s.perMailbox {
		key = strings.ToLower(mailbox)
		names = append(names, key)
	}
	return s.namedFolder(ctx, mailbox, key, driver.FolderRequest{Names: names, Create: true}, again)
}

// rootKey returns the key of the quarantine folder for messages from a mailbox. If each
// mailbox has its own folder, it differs from the keys of all of those.
func (s *Service) rootKey(mailbox string) string {
	switch {
	case s.inPlace():
		return strings.ToLower(mailbox)
	case s.perMailbox:
		return "/" // no address looks like this
	}
	return ""
}

// root returns the quarantine folder for a mailbox without creating it. The error matches
// [ErrGone] if it does not exist.
func (s *Service) root(ctx context.Context, mailbox string, again bool) (driver.Folder, error) {
	return s.namedFolder(ctx, mailbox, s.rootKey(mailbox), driver.FolderRequest{Names: []string{s.folderName}}, again)
}

// ownFolder returns the folder of a mailbox below the quarantine folder, as root does.
func (s *Service) ownFolder(ctx context.Context, mailbox string, again bool) (driver.Folder, error) {
	key := strings.ToLower(mailbox)
	return s.namedFolder(ctx, mailbox, key, driver.FolderRequest{Names: []string{s.folderName, key}}, again)
}

// namedFolder returns a folder for messages from a mailbox, using the one remembered under
// a key unless again is set.
func (s *Service) namedFolder(ctx context.Context, mailbox, key string, want driver.FolderRequest, again bool) (driver.Folder, error) {
	if f, ok := s.known(key); ok && !again {
		return f, nil
	}
	vault := s.vaultOf(mailbox)
	f, err := vault.Folder(ctx, want)
	if err != nil {
		return driver.Folder{}, fmt.Errorf("quarantine folder %q in %s: %w", s.folderName, vault.Address(), err)
	}
	s.remember(key, f)
	return f, nil
}

const (
	// maxFolders is how many quarantine folders are remembered.
	maxFolders = 4096
	// folderFor is how long each is remembered. A folder that someone deletes is moved
	// to Deleted Items, where it keeps its id, and whatever is then put into it is
	// deleted some day.
	folderFor = 5 * time.Minute
)

// knownFolder is a folder and the time at which it was known to be where its name says.
type knownFolder struct {
	driver.Folder
	since time.Time
}

// known returns a remembered folder.
func (s *Service) known(key string) (driver.Folder, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.folders[key]
	return f.Folder, ok && time.Since(f.since) < folderFor
}

func (s *Service) remember(key string, f driver.Folder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.folders) >= maxFolders {
		clear(s.folders)
	}
	s.folders[key] = knownFolder{f, time.Now()}
}
