package quarantine_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

var update = flag.Bool("update", false, "write the golden files anew")

const operatorsGuide = "../OPERATING.md"

// keptProperties are what the operator's guide compares, each as text.
var keptProperties = []struct {
	name string
	of   func(*ewstest.Message) string
}{
	{"Subject, sender and recipients", func(m *ewstest.Message) string { return m.Subject + headerLines(m.MIME, "From", "To", "Cc") }},
	{"Message-ID", func(m *ewstest.Message) string { return m.MessageID }},
	{"Text and attachments", func(m *ewstest.Message) string { return contents(m.MIME) }},
	{"Read state", func(m *ewstest.Message) string { return fmt.Sprint(m.Read) }},
	{"Not a draft", func(m *ewstest.Message) string { return fmt.Sprint(m.Draft) }},
	{"Time received", func(m *ewstest.Message) string { return m.Received.UTC().Truncate(time.Second).String() }},
	{"Time sent", func(m *ewstest.Message) string { return m.Sent.UTC().Truncate(time.Second).String() }},
	{"Importance", func(m *ewstest.Message) string { return m.Importance }},
	{"Categories", func(m *ewstest.Message) string { return strings.Join(m.Categories, ";") }},
	{"Flag for follow-up", func(m *ewstest.Message) string { return m.Flag.Status }},
	{"Item class", func(m *ewstest.Message) string { return m.Class }},
	{"Headers as they were received", func(m *ewstest.Message) string { return value(m, ews.PidTagTransportMessageHeaders) }},
	{"Asked-for read receipt still pending", func(m *ewstest.Message) string { return fmt.Sprint(m.ReceiptPending) }},
	{"Search key, by which tools recognise copies", func(m *ewstest.Message) string { return value(m, ews.PidTagSearchKey) }},
	{"Replied-to and forwarded marks", func(m *ewstest.Message) string { return value(m, lastVerb) }},
	{"Properties of other programs", func(m *ewstest.Message) string { return value(m, foreign) }},
}

var (
	// lastVerb is PidTagLastVerbExecuted.
	lastVerb = ews.ExtendedField{Tag: 0x1081, Type: ews.TypeInteger}
	foreign  = ews.ExtendedField{GUID: "11111111-2222-3333-4444-555555555555", Name: "CaseNumber", Type: ews.TypeString}
)

func value(m *ewstest.Message, f ews.ExtendedField) string { return m.Properties[f].Value }

func headerLines(mime []byte, names ...string) string {
	head, _, _ := bytes.Cut(mime, []byte("\r\n\r\n"))
	var lines []string
	for line := range strings.Lines(string(head)) {
		name, _, _ := strings.Cut(line, ":")
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// contents returns the text and the attachment of the message, whatever MIME
// the server wrapped them in.
func contents(mime []byte) string {
	var found []string
	for _, part := range []string{"Click here.", "filename=invoice.pdf", `filename="invoice.pdf"`, "JVBERi0xLjQK"} {
		if bytes.Contains(mime, []byte(part)) {
			found = append(found, strings.ReplaceAll(part, `"`, ""))
		}
	}
	return strings.Join(found, "\n")
}

// carriedThere takes one rich message into quarantine and back, and returns it
// as it was, in quarantine, and after.
func carriedThere(t *testing.T, o worldOptions) (before, held, after *ewstest.Message) {
	t.Helper()
	const id = "<kept@evil.example>"
	w := newWorld(t, o)
	box := w.Mailbox(alice)
	box.DeliverWith(eml(id, "Invoice", "Disposition-Notification-To: mallory@evil.example", attached("invoice.pdf")), ewstest.Delivery{
		Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC), Categories: []string{"Suppliers", "2026"},
		Importance: "High", Flag: ews.Flag{Status: "Flagged"},
		Extended: []ews.ExtendedProperty{{Field: foreign, Value: "4711"}, {Field: lastVerb, Value: "102"}},
	})
	one := func(mailbox string) *ewstest.Message {
		all := w.in(mailbox, id)
		require.Len(t, all, 1)
		return all[0]
	}
	before = one(alice)
	receipt, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
	require.NoError(t, err)
	require.NoError(t, receipt.Err())
	held = one(vault)
	back, err := w.service.Restore(t.Context(), receipt)
	require.NoError(t, err)
	require.NoError(t, back.Err())
	after = one(alice)
	assert.Empty(t, w.Notices())
	return before, held, after
}

// verdictOn returns what became of a property.
func verdictOn(before, held, after string) string {
	switch {
	case before == held && before == after:
		return "kept"
	case before == after:
		return "back after restore"
	case before == held:
		return "lost on restore"
	}
	return "lost"
}

// keptTable runs the ways and returns the table as Markdown.
func keptTable(t *testing.T) string {
	t.Helper()
	var head, rule []string
	columns := make([][]string, len(accesses))
	for i, a := range accesses {
		before, held, after := carriedThere(t, a.worldOptions)
		for _, p := range keptProperties {
			require.NotEmpty(t, p.of(before), "%s: the message has none, so nothing is compared", p.name)
			columns[i] = append(columns[i], verdictOn(p.of(before), p.of(held), p.of(after)))
		}
		head, rule = append(head, a.name), append(rule, "---")
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 1, 1, ' ', 0)
	fmt.Fprintf(table, "| Property\t| %s\t|\n|---\t|%s\t|\n", strings.Join(head, "\t| "), strings.Join(rule, "\t|"))
	for row, p := range keptProperties {
		fmt.Fprintf(table, "| %s", p.name)
		for i := range accesses {
			fmt.Fprintf(table, "\t| %s", columns[i][row])
		}
		fmt.Fprint(table, "\t|\n")
	}
	require.NoError(t, table.Flush())
	return b.String()
}

const (
	keptBegin = "<!-- what is kept: made by TestOperatorsGuide; change it with: go test ./quarantine -run TestOperatorsGuide -update -->\n"
	keptEnd   = "<!-- end of what is kept -->"
)

// TestOperatorsGuide compares the table in the operator's guide with what happens.
func TestOperatorsGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(operatorsGuide)
	require.NoError(t, err)
	start, rest, ok := strings.Cut(string(guide), keptBegin)
	require.True(t, ok, "%s has no place for the table", operatorsGuide)
	old, end, ok := strings.Cut(rest, keptEnd)
	require.True(t, ok, "the table in %s has no end", operatorsGuide)
	table := keptTable(t)
	if *update {
		require.NoError(t, os.WriteFile(operatorsGuide, []byte(start+keptBegin+table+keptEnd+end), 0o644))
		return
	}
	assert.Equal(t, table, old, "if the change is meant, run the test with -update")
}
