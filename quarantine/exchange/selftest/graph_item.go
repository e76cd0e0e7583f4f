package selftest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// MAPI properties of the test item, named after [MS-OXPROPS].
var (
	pidTagMessageFlags        = graph.Property{Type: "Integer", Tag: 0x0E07}
	pidTagMessageDeliveryTime = graph.Property{Type: "SystemTime", Tag: 0x0E06}
	pidTagClientSubmitTime    = graph.Property{Type: "SystemTime", Tag: 0x0039}
)

// itemReceived is how long ago the test item claims to have been received, to check that an
// import keeps the time.
const itemReceived = 24 * time.Hour

// testFields are the fields that are read of test items.
var testFields = []string{"id", "changeKey", "subject", "internetMessageId", "receivedDateTime", "isRead", "isDraft"}

func stampProperty(name string) graph.Property {
	return graph.Property{Type: "String", Set: driver.StampSet, Name: name}
}

func stampProperties() (all []graph.Property) {
	for _, name := range driver.StampNames() {
		all = append(all, stampProperty(name))
	}
	return all
}

// trial is a test item in the quarantine folder.
type trial struct {
	g         *graphChecker
	operation string
	received  time.Time
	values    map[graph.Property]string // of its named properties
	item      graph.Message             // as read back
	needs     string                    // permission for the last request
}

// withItem writes the test item, makes the checks that need one, and removes it.
func (g *graphChecker) withItem(ctx context.Context, transferable bool) {
	address := g.cfg.QuarantineMailbox
	t := &trial{g: g, operation: driver.NewOperation(), received: g.now().Add(-itemReceived).UTC().Truncate(time.Second)}
	err := t.create(ctx)
	if err == nil {
		t.changeKeys(ctx)
		if transferable && g.blocker == "" && ctx.Err() == nil {
			t.transfer(ctx)
		}
	}
	removeErr := t.remove(ctx)
	switch {
	case g.undecided(ctx, err):
	case errors.Is(err, errNotKept):
		g.ok(CheckQuarantineWrite, address, "a test item was written and removed")
		g.fail(CheckNamedProperties, address, errNotKept.Error(), remedy{text: "messages cannot be told from others without them; open a support request with Microsoft"})
		g.skipVault(fixFirst(CheckNamedProperties))
	case err != nil:
		g.fail(CheckQuarantineWrite, address, err.Error(), g.graphWriteRemedy(err))
		g.skipVault(fixFirst(CheckQuarantineWrite))
	case removeErr != nil:
		g.ok(CheckNamedProperties, address, "the named properties of a stamp were set and read back")
		g.cannotRemove(removeErr)
		g.skipVault(fixFirst(CheckQuarantineWrite))
	default:
		g.ok(CheckQuarantineWrite, address, "a test item was written, read back and removed")
		g.ok(CheckNamedProperties, address, "the named properties of a stamp were set and read back")
		if !transferable {
			g.skipOpen(CheckExportImport, address, fixFirst(CheckImportHost))
		}
	}
}

// graphWriteRemedy returns what to do if an item cannot be written.
func (g *graphChecker) graphWriteRemedy(err error) remedy {
	if refusal, ok := errors.AsType[*graph.Error](err); ok && refusal.Status == http.StatusInsufficientStorage || graph.Has(err, "ErrorQuotaExceeded") {
		return g.writeRemedy(ews.ErrQuota)
	}
	return g.mailRemedy(g.cfg.QuarantineMailbox)
}

// create writes the item with the properties of a stamp, each as long as it can be, and
// reads it back. The state is that of a test item.
func (t *trial) create(ctx context.Context) error {
	t.values = make(map[graph.Property]string)
	for _, name := range driver.StampNames() {
		value := testState(t.operation)
		if name != driver.StampState {
			value += "|"
			value += strings.Repeat("x", driver.CutLength-1-len(value))
		}
		t.values[stampProperty(name)] = value
	}
	at := t.received.Format(time.RFC3339)
	properties := []graph.PropertyValue{pidTagMessageFlags.With("4"), pidTagMessageDeliveryTime.With(at), pidTagClientSubmitTime.With(at)}
	for p, value := range t.values {
		properties = append(properties, p.With(value))
	}
	sender := map[string]any{"emailAddress": map[string]string{"name": "Self-test", "address": "self-test@ewsquarantine.invalid"}}
	made, err := t.g.vault.Create(ctx, t.g.folder.ID, map[string]any{
		"subject": testSubject, "internetMessageId": t.messageID(), "isRead": true,
		"from": sender, "toRecipients": []any{sender},
		"body":                          map[string]string{"contentType": "text", "content": "This message was written by a self-test, which removes it again."},
		"singleValueExtendedProperties": properties,
	})
	if err != nil {
		return fmt.Errorf("the test item cannot be written: %w", err)
	}
	t.item, err = t.g.vault.Message(ctx, made.ID, testFields, stampProperties())
	if err != nil {
		return fmt.Errorf("the test item cannot be read back: %w", err)
	}
	if !t.kept(t.item) {
		return errNotKept
	}
	return nil
}

// kept reports whether an item has the named properties.
func (t *trial) kept(m graph.Message) bool {
	for p, want := range t.values {
		if value, _ := m.Value(p); value != want {
			return false
		}
	}
	return true
}

// changeKeys changes the item, and then tries to change it again with its old version.
func (t *trial) changeKeys(ctx context.Context) {
	g, address := t.g, t.g.cfg.QuarantineMailbox
	old := t.item.Version()
	changed, err := g.vault.Update(ctx, t.item.ID, old, map[string]any{"categories": []string{testSubject}})
	stale := err
	if err == nil {
		t.item = changed
		_, stale = g.vault.Update(ctx, t.item.ID, old, map[string]any{"categories": []string{}})
	}
	switch {
	case g.undecided(ctx, stale):
	case err != nil:
		g.fail(CheckChangeKeys, address, "the test item cannot be changed: "+err.Error(), g.mailRemedy(address))
	case stale == nil:
		g.warn(CheckChangeKeys, address, "a PATCH takes a change key that is out of date; two processes that work on the same message at once may then make two copies",
			remedy{text: "run a single process against these mailboxes at any time, recover included, and keep operators from running ewsq beside it; or set markWait, such as to \"60s\", in the configuration of all of them"})
	case errors.Is(stale, graph.ErrConflict):
		g.ok(CheckChangeKeys, address, "a PATCH refuses a change key that is out of date")
	default:
		g.warn(CheckChangeKeys, address, "not known whether a PATCH looks at change keys: "+stale.Error(),
			remedy{text: "resolve the error that Graph reports; until then, run a single process against these mailboxes"})
	}
}

// transfer exports the item, imports it alongside the original, and compares the two.
func (t *trial) transfer(ctx context.Context) {
	g, address := t.g, t.g.cfg.QuarantineMailbox
	differ, err := t.carry(ctx)
	switch {
	case g.undecided(ctx, err):
	case err != nil:
		g.lacks(CheckExportImport, address, t.needs, err, g.transferRemedy())
	case len(differ) > 0:
		g.fail(CheckExportImport, address, "an item that was exported and imported has lost "+strings.Join(differ, ", "),
			remedy{text: "messages cannot be carried faithfully this way; do not use it, and tell the makers of this program what this row says"})
	default:
		g.ok(CheckExportImport, address, "a test item was exported, imported and read back with its properties, date and read state")
	}
}

// carry makes a copy, and returns how it differs.
func (t *trial) carry(ctx context.Context) ([]string, error) {
	g := t.g
	err := t.once(ctx, t.item.ID, g.folder.ID)
	if unknownID(err) {
		item, folder, own := t.ownIDs(ctx)
		if own != nil {
			return nil, fmt.Errorf("%w; Graph seems to have its own ids for export, but they cannot be found: %w", err, own)
		}
		err = t.once(ctx, item, folder)
	}
	if err != nil {
		return nil, err
	}
	found, err := t.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for the copy of the test item: %w", err)
	}
	for _, copied := range found {
		if copied.ID != t.item.ID && t.is(copied) {
			return t.compare(copied), nil
		}
	}
	return nil, errors.New("the import was answered with success, but no copy of the test item can be found")
}

// once exports the item, and imports the result into the folder.
func (t *trial) once(ctx context.Context, item, folder string) error {
	t.needs = permissionTransfer
	data, err := t.g.vault.ExportItem(ctx, t.g.vaultID, item)
	if err != nil {
		return fmt.Errorf("exporting the test item: %w", err)
	}
	exported, err := io.ReadAll(data)
	data.Close()
	if err != nil {
		return fmt.Errorf("exporting the test item: %w", err)
	}
	if _, err := t.g.vault.Import(ctx, t.g.importer, folder, bytes.NewReader(exported), int64(len(exported))); err != nil {
		return fmt.Errorf("importing the test item: %w", err)
	}
	return nil
}

// unknownID reports whether Graph refused the ids of the mail API for export and import,
// which may use others. Nothing was created then.
func unknownID(err error) bool {
	e, ok := errors.AsType[*graph.Error](err)
	return ok && e.NotExecuted() && (graph.Has(err, graph.CodeInvalidID) || e.Status == http.StatusBadRequest)
}

// ownIDs returns the ids that export and import use for the item and its folder.
func (t *trial) ownIDs(ctx context.Context) (item, folder string, err error) {
	g, state := t.g, stampProperty(driver.StampState)
	t.needs = permissionFolders
	for folders, err := range g.vault.TransferFolders(ctx, g.vaultID) {
		if err != nil {
			return "", "", err
		}
		for _, f := range folders {
			if !strings.EqualFold(f.Name, g.cfg.QuarantineFolder) || f.IsSearch() {
				continue
			}
			t.needs = permissionItems
			for items, err := range g.vault.TransferItems(ctx, g.vaultID, f.ID, []graph.Property{state}) {
				if err != nil {
					return "", "", err
				}
				for _, it := range items {
					if value, _ := it.Value(state); value == testState(t.operation) && it.ID != "" {
						return it.ID, f.ID, nil
					}
				}
			}
		}
	}
	return "", "", errors.New("no folder has the test item")
}

func (t *trial) compare(copied graph.Message) (differ []string) {
	for _, property := range []struct {
		name string
		same bool
	}{
		{"the named properties of a stamp", t.kept(copied)},
		{"the Message-ID", copied.MessageID == t.item.MessageID},
		{"the subject", copied.Subject == t.item.Subject},
		{"the date when it was received", copied.Received.Equal(t.item.Received.Time)},
		{"the read state", copied.Read == t.item.Read},
		{"that it is no draft", copied.Draft == t.item.Draft},
	} {
		if !property.same {
			differ = append(differ, property.name)
		}
	}
	return differ
}

// messageID returns the item's Message-ID.
func (t *trial) messageID() string { return "<" + t.operation + "@ewsquarantine.invalid>" }

// is reports whether a message is the item or its copy, which may have lost its named
// properties.
func (t *trial) is(m graph.Message) bool {
	state, _ := m.Value(stampProperty(driver.StampState))
	return state == testState(t.operation) || strings.EqualFold(m.MessageID, t.messageID())
}

// find returns the test items in the quarantine folder.
func (t *trial) find(ctx context.Context) (found []graph.Message, err error) {
	filter := "internetMessageId eq " + graph.Quote(t.messageID()) + " or " + graph.PropertyBegins(stampProperty(driver.StampState), selfTest+"|")
	q := graph.Query{Folder: t.g.folder.ID, Filter: filter, Select: testFields, Properties: stampProperties()}
	for items, err := range t.g.vault.Messages(ctx, q) {
		if err != nil {
			return nil, err
		}
		found = append(found, items...)
	}
	return found, nil
}

// remove removes the item and its copy, and any left by interrupted self-tests, even if the
// context has ended.
func (t *trial) remove(callers context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(callers), removalTime)
	defer cancel()
	defer context.AfterFunc(callers, func() { time.AfterFunc(removalAfter, cancel) })()
	t.g.limiter.insist()
	found, err := t.find(ctx)
	if err != nil {
		return err
	}
	if t.item.ID != "" {
		found = append(found, t.item) // its named properties may not have been kept
	}
	var errs []error
	gone := make(map[string]bool)
	for _, m := range found {
		state, _ := m.Value(stampProperty(driver.StampState))
		left := strings.HasPrefix(state, selfTest+"|") && m.Received.Before(t.received.Add(-selfTestAge))
		if gone[m.ID] || m.ID != t.item.ID && !t.is(m) && !left {
			continue
		}
		gone[m.ID] = true
		if err := t.g.vault.PermanentDelete(ctx, m.ID); err != nil && !errors.Is(err, graph.ErrGone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
