package quarantine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Receipts are kept for years. Those in testdata/receipts-1.jsonl were written by the
// version of 2026-11-25 working against ewstest, by FullAccess and by Impersonation;
// receipts-1-verdicts.json has what must be reported about each, in the same order.
type receiptFixture struct {
	Name    string             `json:"name"`
	Outcome quarantine.Outcome `json:"outcome"`
	Error   string             `json:"error"`

	text []byte
}

func receiptFixtures(t *testing.T) []receiptFixture {
	t.Helper()
	b, err := os.ReadFile("testdata/receipts-1-verdicts.json")
	require.NoError(t, err)
	var all []receiptFixture
	require.NoError(t, json.Unmarshal(b, &all))
	b, err = os.ReadFile("testdata/receipts-1.jsonl")
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	require.Len(t, lines, len(all))
	for i := range all {
		all[i].text = lines[i]
	}
	return all
}

func (f receiptFixture) receipt(t *testing.T) *quarantine.Receipt {
	t.Helper()
	r := new(quarantine.Receipt)
	require.NoError(t, json.Unmarshal(f.text, r))
	return r
}

func TestReceiptsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	outcomes, causes := map[quarantine.Outcome]bool{}, map[driver.Cause]bool{}
	for _, f := range receiptFixtures(t) {
		r := f.receipt(t)
		assert.Equal(t, f.Outcome, r.Outcome(), f.Name)
		if f.Error == "" {
			assert.NoError(t, r.Err(), f.Name)
		} else {
			assert.EqualError(t, r.Err(), f.Error, f.Name)
		}
		text, err := json.Marshal(r)
		require.NoError(t, err)
		assert.Empty(t, lost(generic(t, f.text), generic(t, text), "receipt"), f.Name)

		for _, it := range r.Items {
			outcomes[it.Outcome] = true
		}
		for _, u := range r.Unsearched {
			causes[u.Cause] = true
		}
	}
	assert.Len(t, outcomes, 8, "each outcome is among them: %v", outcomes)
	assert.Len(t, causes, 4, "each cause is among them: %v", causes)
}

// The errors in a receipt lose nothing.
func TestFailuresOfEarlierVersions(t *testing.T) {
	t.Parallel()
	type failure struct {
		code      string
		transient bool
	}
	want := map[string]failure{
		"failure: busy":                       {"ErrorServerBusy", true},
		"failure: busy, response message":     {"ErrorServerBusy", true},
		"failure: access denied to the stamp": {"ErrorAccessDenied", false},
		"failure: quota":                      {"ErrorQuotaExceeded", false},
		"failure: connection lost":            {"", true},
		"failure: the original stays":         {"ErrorInternalServerError", true},
		"restore: deleted in quarantine":      {"", false},
		"restore: quota":                      {"ErrorQuotaExceeded", false},
	}
	got := map[string]failure{}
	for _, f := range receiptFixtures(t) {
		for _, it := range f.receipt(t).Items {
			if it.Err == nil {
				continue
			}
			e, ok := it.Err.(*quarantine.Failure)
			require.True(t, ok, "%s: %T", f.Name, it.Err)
			got[f.Name] = failure{e.Code, e.Transient}
		}
	}
	assert.Equal(t, want, got)
}

func generic(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}

// lost returns what was there before and is not there afterwards. Additions do not count.
func lost(before, after any, at string) []string {
	var all []string
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return []string{at}
		}
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if _, ok := a[key]; !ok {
				all = append(all, at+"."+key)
				continue
			}
			all = append(all, lost(b[key], a[key], at+"."+key)...)
		}
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) != len(b) {
			return []string{at}
		}
		for i := range b {
			all = append(all, lost(b[i], a[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
	default:
		if before != after {
			all = append(all, fmt.Sprintf("%s: %v became %v", at, before, after))
		}
	}
	return all
}
