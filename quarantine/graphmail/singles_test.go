package graphmail_test

import (
	"flag"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// singlesEvery determines at which requests TestSingles lets something happen without
// -whole: at one in so many, and at least one for each deviation.
var singlesEvery = flag.Int("singles.every", 1400, "without -whole, TestSingles takes one of so many requests")

// person is somebody who does something to the message at the n-th request, before or
// after the request has been carried out.
func person(name, mailbox string, after bool, do func(*ewstest.Person, *ewstest.Message, *ewstest.Folder) error) blow {
	when := map[bool]string{false: "before", true: "after"}[after]
	b := atRequest(name+", "+when, after, func(s *scene, _ *process) {
		s.deed(func() {
			box := s.w.box(mailbox)
			for _, m := range s.w.in(mailbox, theID) {
				_ = do(box.Person(name), m, box.AddFolder(nil, "Elsewhere"))
			}
		})
	})
	return b
}

// deed lets people do something that may make copies, delete the message or notify
// others, and notes which of these happened.
func (s *scene) deed(do func()) {
	count := func() int { from, to := s.ends(); return len(from) + len(to) }
	was, told := count(), len(s.w.Notices())
	do()
	s.people, s.moved = true, true
	s.told += len(s.w.Notices()) - told
	switch n := count() - was; {
	case n > 0:
		s.copied += n
	case n < 0:
		s.deleted -= n
	}
}

// unfounded returns what is wrong in a history in which people did something.
func (s *scene) unfounded(b blow) string {
	from, to := s.ends()
	// Surplus is put aside, not removed, and reported: for example, an old version
	// alongside an edited one.
	aside := func(m *ewstest.Message) bool {
		return strings.HasPrefix(m.Folder, "/Surplus") || m.Folder == "/Deleted Items" && (strings.Contains(b.name, "edits") || s.mode.large && incomplete(m))
	}
	whole := len(from) + len(to)
	from, to = slices.DeleteFunc(from, aside), slices.DeleteFunc(to, aside)
	n, most := len(from)+len(to), 1+s.copied
	if s.foreign {
		most *= 2 // two installations cannot read each other's stamps
	}
	switch {
	case whole > 0 && n == 0 && s.deleted == 0:
		return "untrue: in the end it is only among what is surplus"
	case n == 0 && s.deleted == 0:
		return "lost: in the end no copy is left, and nobody has deleted it"
	case n > most:
		return fmt.Sprintf("doubled: in the end there are %d copies, of which people made %d: %s", n, s.copied, places(append(from, to...)))
	case len(s.w.Notices()) > s.told:
		return "notices: somebody was told"
	case n > 0 && s.deleted+s.copied == 0 && !s.anyEnd && len(to) != 1:
		return "untrue: in the end it is at the wrong end"
	}
	inPart := func(m *ewstest.Message) bool { return len(m.Attachments) != len(s.before.Attachments) }
	for _, m := range append(from, to...) {
		if !strings.Contains(string(m.MIME), "Click here.") && !strings.Contains(b.name, "edits") {
			return "lost: it is not whole"
		}
		// Another installation cannot tell what is incomplete, and may take that as well.
		if inPart(m) && !incomplete(m) && !(s.foreign && n > 1) {
			return fmt.Sprintf("lost: it has %d attachments, not %d", len(m.Attachments), len(s.before.Attachments))
		}
	}
	if all := append(from, to...); n > 0 && !slices.ContainsFunc(all, func(m *ewstest.Message) bool { return !inPart(m) }) {
		return "lost: it is not complete"
	}
	return ""
}

// people returns what owners and analysts do.
func people() (all []blow) {
	for _, after := range []bool{false, true} {
		for _, who := range []struct{ name, mailbox string }{{"owner", alice}, {"analyst", vault}} {
			for _, d := range []struct {
				name string
				do   func(*ewstest.Person, *ewstest.Message, *ewstest.Folder) error
			}{
				{"files", func(p *ewstest.Person, m *ewstest.Message, to *ewstest.Folder) error {
					_, err := p.File(m, to)
					return err
				}},
				{"deletes", func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
					_, err := p.Delete(m)
					return err
				}},
				{"deletes for good", func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
					_, err := p.ShiftDelete(m)
					return err
				}},
				{"flags", func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
					_, err := p.Flag(m, ews.Flag{Status: "Flagged"})
					return err
				}},
				{"reads", func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
					_, err := p.MarkRead(m)
					return err
				}},
				{"edits", func(p *ewstest.Person, m *ewstest.Message, _ *ewstest.Folder) error {
					_, err := p.Edit(m, ewstest.Edit{Subject: "Changed", Body: "Changed."})
					return err
				}},
				{"copies", func(p *ewstest.Person, m *ewstest.Message, to *ewstest.Folder) error {
					_, err := p.Copy(m, to)
					return err
				}},
			} {
				all = append(all, person(who.name+" "+d.name, who.mailbox, after, d.do))
			}
		}
	}
	renames := func(s *scene, _ *process) {
		s.deed(func() {
			for _, f := range s.w.box(vault).Folders() {
				if path.Base(f.Path()) == "Quarantine" {
					_ = s.w.box(vault).Person("analyst").RenameFolder(f, "Old quarantine")
				}
			}
		})
	}
	all = append(all, atRequest("analyst renames the folder", false, renames))
	for _, after := range []bool{false, true} {
		when := map[bool]string{false: ", before", true: ", after"}[after]
		for _, d := range []struct {
			name, mailbox, folder string
			do                    func(*ewstest.Mailbox, *ewstest.Person, *ewstest.Folder) error
		}{
			{"analyst moves the folder", vault, "Quarantine", moveBelowInbox}, {"analyst throws the folder away", vault, "Quarantine", throwAway},
			{"owner moves the folder", alice, "Projects", moveBelowInbox}, {"owner throws the folder away", alice, "Projects", throwAway},
		} {
			all = append(all, atRequest(d.name+when, after, func(s *scene, _ *process) {
				s.deed(func() {
					box := s.w.box(d.mailbox)
					for _, f := range box.Folders() {
						if path.Base(f.Path()) == d.folder {
							_ = d.do(box, box.Person("somebody"), f)
						}
					}
				})
			}))
		}
	}
	return all
}

func moveBelowInbox(b *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
	return p.MoveFolder(f, b.AddFolder(b.Folder(ews.FolderInbox), "Elsewhere"))
}

func throwAway(_ *ewstest.Mailbox, p *ewstest.Person, f *ewstest.Folder) error {
	return p.DeleteFolder(f)
}

// untrueServers returns what a server does beyond what TestMatrix lets it do.
func untrueServers() []blow {
	return []blow{
		faulty(graphtest.Late(30*time.Second), 1), faulty(graphtest.Late(5*time.Minute), 1), faulty(graphtest.Late(14*time.Minute), 1),
		faulty(graphtest.Status(502, "").ActedAfter(5*time.Minute), 1), faulty(graphtest.Slow(5*time.Minute), 1),
		faulty(graphtest.Status(503, "ErrorMailboxMoveInProgress"), 1), faulty(graphtest.Status(401, "InvalidAuthenticationToken"), 1),
		faulty(graphtest.Status(409, "ErrorFolderExists"), 1), faulty(graphtest.Status(413, "ErrorMessageSizeExceeded"), 1),
		faulty(graphtest.EarlierAnswer, 1), faulty(graphtest.EarlierAnswer.Acted(), 1), faulty(graphtest.EarlierAnswer.Acted(), 20),
		faulty(graphtest.NoNextLink, 1), faulty(graphtest.EmptyPage, 1), faulty(graphtest.FilterIgnored, 1), faulty(graphtest.PropertiesLost, 1),
		faulty(graphtest.ExportFails("ErrorCorruptData"), 1), faulty(graphtest.ExportFails("ErrorItemNotFound"), 1),
	}
}

// TestSingles lets one thing go differently at a request of a quarantine and of a
// restore, as the explorer does over EWS: people, and servers that act late or give false
// answers.
func TestSingles(t *testing.T) {
	t.Parallel()
	playSingles(t, singles(), modes...)
}

// TestSinglesInPart is TestSingles for a message that is made anew with several requests,
// which takes so long that not each deviation is played without -whole.
func TestSinglesInPart(t *testing.T) {
	t.Parallel()
	rarely := madeInPart
	rarely.sparse = true
	playSingles(t, singles(), rarely)
}

// playSingles is TestSingles for the given blows and modes.
func playSingles(t *testing.T, all []blow, modes ...mode) {
	counts := make([]map[string]int, len(all))
	for i := range counts {
		counts[i] = make(map[string]int)
	}
	var mu sync.Mutex
	t.Run("histories", func(t *testing.T) {
		for _, at := range occasions(t, len(all), *singlesEvery, modes...) {
			i, b := at.thing, all[at.thing]
			t.Run(at.name()+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				for _, n := range at.requests {
					synctest.Test(t, func(t *testing.T) {
						wrong := play(t, at.mode, at.direction, b, n)
						mu.Lock()
						defer mu.Unlock()
						counts[i]["histories"]++
						for _, text := range wrong {
							kind, _, _ := strings.Cut(text, ":")
							if kind == "run again" && at.direction == driver.ToUser && strings.HasPrefix(b.name, graphtest.PropertiesLost.Name) {
								// The server has lost the stamp of the item in
								// quarantine. The item stays there, its restore was
								// refused with the reason, and nobody knows of it any
								// more.
								counts[i]["forgotten"]++
								t.Logf("%s at %s: %s", b.name, at.at(n), text)
								continue
							}
							if excused := excuse(b.name, at.direction, text); excused != "" {
								counts[i][excused]++
								t.Logf("%s at %s: %s", b.name, at.at(n), text)
								continue
							}
							counts[i][kind]++
							t.Errorf("%s at %s: %s", b.name, at.at(n), text)
						}
					})
				}
			})
		}
	})
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	columns := []string{"histories", "lost", "doubled", "notices", "untrue", "forgotten"}
	fmt.Fprintln(tw, "deviation\t"+strings.Join(columns, "\t"))
	sum := make(map[string]int)
	for i, b := range all {
		fmt.Fprint(tw, b.name)
		for _, c := range columns {
			fmt.Fprintf(tw, "\t%d", counts[i][c])
			sum[c] += counts[i][c]
		}
		fmt.Fprintln(tw)
		assert.True(t, counts[i]["histories"] > 0 || partly() || modes[0].sparse, b.name)
	}
	fmt.Fprint(tw, "all")
	for _, c := range columns {
		fmt.Fprintf(tw, "\t%d", sum[c])
	}
	tw.Flush()
	t.Log("\n" + out.String())
}

// excuse returns the heading under which to count something that no client can detect or
// repair: a first search that shows nothing; an import that never keeps its stamp, so
// that the copy goes to Surplus; a move that leaves the message where it was. The message
// is whole, and where the receipt says.
func excuse(name string, direction driver.Direction, text string) string {
	switch {
	case strings.HasPrefix(name, "nothing found") && direction == driver.ToQuarantine && text == "untrue: notFound without an error":
		return "blind"
	case strings.HasPrefix(name, graphtest.PropertiesLost.Name+", 100 times") && (text == "untrue: refused" || strings.HasPrefix(text, "doubled") && strings.Contains(text, "/Surplus")):
		return "surplus"
	case strings.HasPrefix(name, graphtest.MoveDoubled.Name) && strings.Contains(text, "segment 'permanentDelete'"):
		return "stays" // in place, in a cloud that removes nothing: both are there, and that is reported
	}
	return ""
}
