package live

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// sizes looks for the largest message that the server accepts and returns, doubling the
// size at each step: question C8.
func sizes(ctx context.Context, l *Lab) error {
	steps := []struct {
		topic string
		most  int   // MB that worked
		err   error // of the first that did not work
	}{{topic: "CreateItem of MIME"}, {topic: "GetItem of MIME"}, {topic: "ExportItems"}, {topic: "UploadItems"}}
	noise := rand.NewChaCha8([32]byte{}) // does not compress, so every part of the path sees its size
	for mb := 1; mb <= l.settings.MaxMB && steps[0].err == nil; mb *= 2 {
		file := make([]byte, mb<<20)
		_, _ = noise.Read(file) // never fails
		m := &made{messageID: fmt.Sprintf("<size-%d.%s@live.ewsquarantine.invalid>", mb, l.token), subject: fmt.Sprintf("size-%d. %s", mb, l.token)}
		var data []byte
		for i, do := range []func() error{
			func() (err error) {
				if m.id, err = l.store(ctx, l.mime(m, file)); err == nil && m.id.IsZero() {
					m.id, err = l.only(ctx, l.user, fmt.Sprintf("size-%d.", mb))
				}
				return err
			},
			func() error { _, err := digest(ctx, l.user.client, m.id); return err },
			func() (err error) { data, err = l.export(ctx, m.id); return err },
			func() error {
				_, err := first(l.vault.client.UploadItems(ctx, []ews.UploadItem{{Parent: l.vault.folder, Data: ews.BytesContent(data)}}))
				return err
			},
		} {
			if steps[i].err == nil {
				steps[i].err = do()
			}
			if steps[i].err == nil {
				steps[i].most = mb
			} else if i == 0 || i == 2 {
				break // the following steps need it
			}
		}
		if err := l.tidy(ctx); err != nil {
			return err
		}
	}
	for _, s := range steps {
		end := "no larger one was tried"
		if s.err != nil {
			end = "the next: " + describe(s.err)
		}
		l.Report.Add("C8 largest message", "%s: a file of %d MB; %s", s.topic, s.most, end)
	}
	return nil
}

// tidy removes the lab's mail before the next message is created, so that no quota is
// reached.
func (l *Lab) tidy(ctx context.Context) error {
	for _, at := range []place{l.user, l.vault} {
		if err := l.empty(ctx, at.client, at.folder); err != nil {
			return err
		}
	}
	return nil
}
