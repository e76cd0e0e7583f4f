package driver_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Items in quarantine carry the stamps of the version that took them. Those in
// testdata/stamps-1.json were written by the version of 2026-11-25, which took
// messages from the folders of a German and an English mailbox, put them back,
// and recorded how it reads each stamp. Its stamps do not contain the path for
// people, so that path begins with the server's name for the folder.
func TestStampsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	type stamp struct {
		Operation string           `json:"operation"`
		Mailbox   string           `json:"mailbox"`
		Folder    driver.Folder    `json:"folder"`
		Direction driver.Direction `json:"direction"`
		Read      bool             `json:"read"`
		At        time.Time        `json:"at"`
		Reason    string           `json:"reason"`
	}
	var all []struct {
		Name   string            `json:"name"`
		Values map[string]string `json:"values"`
		Stamp  stamp             `json:"stamp"`
	}
	b, err := os.ReadFile("testdata/stamps-1.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &all))
	require.Len(t, all, 39)
	for _, f := range all {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, f.Values, 5)
			got := driver.ParseStamp(f.Values)
			require.NotNil(t, got)
			assert.Equal(t, f.Stamp, stamp{got.Operation, got.Mailbox, got.Folder, got.Direction, got.Read, got.At, got.Reason})
			assert.Empty(t, got.Attempt)
			assert.True(t, got.Lease.IsZero())

			again := driver.ParseStamp(got.Values())
			require.NotNil(t, again, "written anew, as a restore does")
			assert.Equal(t, got, again)
		})
	}
}
