package understood_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// folder contains the reports, and expected.json what must be understood of each.
const folder = "../../../testdata/reports"

// expected is what must be understood of a report.
type expected struct {
	By, Via    string
	Messages   []expectedMessage
	Incomplete bool
	Never      string // a Message-ID that no target may have
}

type expectedMessage struct {
	Form          understood.Form
	Confidence    understood.Confidence
	MessageID     string
	Network       string
	From, Subject string
	To            []string
	Sent          time.Time
	About         bool
	Links         []string
	Target        string // of the first link
	Name, Opaque  string
	Attachments   [][2]string // name and SHA-256
	Auth          []string
	InReplyTo     string
	Within        string     // Message-ID of a message in it
	Criteria      *[4]string // sender, subject, received after and before
	Targets       *int
}

func reports(t testing.TB) map[string]expected {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	require.NoError(t, err)
	all := make(map[string]expected)
	require.NoError(t, json.Unmarshal(b, &all))
	return all
}

func TestReports(t *testing.T) {
	t.Parallel()
	all := reports(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	require.NoError(t, err)
	require.Len(t, files, len(all), "each report has its expected values")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			got, err := understood.Parse(iotest.HalfReader(strings.NewReader(string(raw))))
			require.NoError(t, err)
			want, ok := all[name]
			require.True(t, ok)
			check(t, want, got)
		})
	}
}

func check(t *testing.T, want expected, got understood.Report) {
	t.Helper()
	by := want.By
	if by == "" {
		by = "alice@example.test"
	}
	assert.Equal(t, by, got.By.Email)
	assert.Equal(t, want.Via, got.Via.Email)
	assert.Equal(t, time.Date(2026, 11, 24, 10, 30, 5, 0, time.UTC), got.At)
	assert.Equal(t, want.Incomplete, len(got.Incomplete) > 0, "%q", got.Incomplete)
	require.Len(t, got.Messages, len(want.Messages), "%+v", got)
	for i, w := range want.Messages {
		checkMessage(t, w, got.Messages[i], got)
	}
	for i, target := range got.Targets() {
		assert.NotContains(t, got.Targets()[:i], target, "twice")
		assert.NoError(t, target.Validate())
		assert.NotEqual(t, got.MessageID, target.MessageID, "the report itself is not what was reported")
		if want.Never != "" {
			assert.NotEqual(t, want.Never, target.MessageID)
		}
	}
	b, err := json.Marshal(got)
	require.NoError(t, err)
	var back understood.Report
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, got.Targets(), back.Targets())
}

func checkMessage(t *testing.T, w expectedMessage, m understood.Message, r understood.Report) {
	t.Helper()
	assert.Equal(t, w.Form, m.Form)
	assert.Equal(t, w.Confidence, m.Confidence)
	assert.Equal(t, w.MessageID, m.MessageID)
	assert.Equal(t, w.Network, m.NetworkMessageID)
	assert.Equal(t, w.Opaque, m.Opaque)
	assert.Equal(t, w.Name, m.Name)
	assert.Equal(t, w.InReplyTo, m.InReplyTo)
	assert.Equal(t, w.About, m.SentAbout)
	assert.Equal(t, w.Subject, m.Subject)
	if w.From != "" {
		require.NotEmpty(t, m.From)
		assert.Equal(t, w.From, m.From[0].Email)
	}
	if w.Within == "" || !w.Sent.IsZero() {
		assert.Equal(t, w.Sent, m.Sent)
	}
	if w.To != nil {
		var to []string
		for _, a := range m.To {
			to = append(to, a.Email)
		}
		assert.Equal(t, w.To, to)
	}
	for _, link := range w.Links {
		found := false
		for _, l := range m.Links {
			found = found || l.URL == link
		}
		assert.True(t, found, "%s in %+v", link, m.Links)
	}
	if w.Target != "" {
		require.NotEmpty(t, m.Links)
		assert.Equal(t, w.Target, m.Links[0].Target)
	}
	var files [][2]string
	for _, a := range m.Attachments {
		files = append(files, [2]string{a.Name, a.SHA256})
	}
	if w.Within == "" {
		assert.Equal(t, w.Attachments, files)
	}
	if w.Auth != nil {
		var auth []string
		for _, a := range m.Authentication {
			auth = append(auth, strings.TrimPrefix(a.Server+" "+a.Method+" "+a.Result+" "+a.Domain, " "))
		}
		assert.Equal(t, w.Auth, auth)
	}
	if w.Within != "" {
		require.Len(t, m.Within, 1)
		assert.Equal(t, w.Within, m.Within[0].MessageID)
	}
	assert.Equal(t, w.Confidence != understood.Low && !strings.HasPrefix(string(w.Form), "opaque") && w.MessageID == "", m.Confidence != understood.Low && !m.Criteria.IsZero(), "%+v", m.Criteria)
	if w.Criteria != nil {
		assert.Equal(t, *w.Criteria, [4]string{m.Criteria.Sender, m.Criteria.Subject, m.Criteria.ReceivedAfter.Format(time.RFC3339), m.Criteria.ReceivedBefore.Format(time.RFC3339)})
	}
	own := m.Targets(r.By.Email)
	if w.Targets != nil {
		assert.Len(t, own, *w.Targets)
	} else if w.MessageID != "" || w.Criteria != nil {
		require.NotEmpty(t, own)
		assert.Equal(t, r.By.Email, own[0].Mailbox, "the reporter's own copy comes first")
	}
}
