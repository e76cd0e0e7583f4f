package graphmail_test

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// TestSinglesInPlace is TestSingles in place, extended by what people do to the folders
// of the vault: messages in them then change sides and keep their ids.
func TestSinglesInPlace(t *testing.T) {
	t.Parallel()
	playSingles(t, append(singles(), onVault()...), inPlace, inPlaceToo)
}

// onVault is what an owner who has found the vault does to its folders.
func onVault() (all []blow) {
	for _, after := range []bool{false, true} {
		for _, d := range []struct {
			name, path string
			do         func(*ewstest.Mailbox, *ewstest.Person, *ewstest.Folder) error
		}{
			{"owner moves the vault", "/" + graphmail.VaultFolder, func(b *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
				return p.MoveFolder(f, b.Folder(ews.FolderInbox))
			}},
			{"owner moves the folder in the vault", "/" + graphmail.VaultFolder + "/Quarantine", func(b *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
				return p.MoveFolder(f, b.Folder(ews.FolderInbox))
			}},
			{"owner renames the vault", "/" + graphmail.VaultFolder, func(_ *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
				return p.RenameFolder(f, "Mine")
			}},
			{"owner throws the vault away", "/" + graphmail.VaultFolder, func(_ *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
				return p.DeleteFolder(f)
			}},
			{"owner moves a folder into the vault", "/Inbox/Projects", func(b *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
				return p.MoveFolder(f, b.AddFolder(nil, graphmail.VaultFolder))
			}},
		} {
			when := map[bool]string{false: ", before", true: ", after"}[after]
			all = append(all, atRequest(d.name+when, after, func(s *scene, _ *process) {
				s.anyEnd = s.anyEnd || d.path == "/Inbox/Projects" // the owner may already have it back
				s.deed(func() {
					box := s.w.Mailbox(alice)
					for _, f := range box.Folders() {
						if f.Path() == d.path {
							_ = d.do(box, box.Person("owner"), f)
						}
					}
				})
			}))
		}
	}
	return all
}
