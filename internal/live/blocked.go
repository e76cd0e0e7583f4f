package live

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// blocked opens a mailbox for which EWS is switched off: question C5.
func blocked(ctx context.Context, l *Lab) error {
	const topic = "C5 EWS switched off"
	if l.settings.Blocked == "" {
		l.Report.Add(topic, "not tried: %s is not set", EnvBlocked)
		return nil
	}
	c := l.view(l.settings.Blocked)
	_, err := first(c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{l.known(c, ews.FolderInbox)}}))
	l.last.mu.Lock()
	defer l.last.mu.Unlock()
	l.Report.Add(topic, "%s; status %q, header %s", describe(err), l.last.status, headers(l.last))
	return nil
}

// revealing are header fields that may contain what only the server's owner may know.
var revealing = []string{"Set-Cookie", "Authorization", "X-Feserver", "X-Calculatedbetarget", "X-Beserver", "X-Diaginfo", "X-Targetbeserver", "Www-Authenticate"}

// headers returns the header of an answer without anything that reveals whose server it
// is.
func headers(a *lastAnswer) string {
	var lines []string
	for name, values := range a.header {
		if !slices.Contains(revealing, name) {
			lines = append(lines, fmt.Sprintf("%s: %s", name, strings.Join(values, ", ")))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}
