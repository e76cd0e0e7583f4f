package ewstest_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// The bad day of testdata/scenarios happens as its description says, and the log records
// it without anything that a sender wrote.
func TestScenarioOfABadDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sc, err := ewstest.LoadScenarioFile(filepath.Join("..", "..", "testdata", "scenarios", "adverse.json"))
		require.NoError(t, err)
		var log bytes.Buffer
		srv, err := sc.NewServer(&ewstest.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2013_SP1"}
		inbox := func(address string) *ewstest.Folder { return srv.Mailbox(address).Folder(ews.FolderInbox) }
		lure, lunch := inbox(alice).Messages()[0], inbox(alice).Messages()[1]
		require.Equal(t, "<lure@evil.example>", lure.MessageID)

		search := findXML(folderOf("inbox", alice), "")
		assert.NotContains(t, c.do(search), lunch.ID.ID, "the search lags")
		time.Sleep(2 * time.Second)
		assert.Contains(t, c.do(search), lunch.ID.ID)

		data := texts(c.do(exportXML(itemID(lunch))), "Data")
		_, _, err = c.try(uploadXML("CreateNew", inbox(quar), "", data[0]))
		require.Error(t, err, "the answer is lost")
		c.do(getItemXML(idOnly, itemID(lure)))
		now := srv.Object(lure.Object)
		assert.Equal(t, "/Projects", now.Folder)
		assert.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(now)))))
		assert.NotNil(t, srv.Mailbox(alice).Message(now.ID), "a lie")
		assert.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(now)))))
		time.Sleep(11 * time.Minute)
		synctest.Wait() // for what acts late

		var held []string
		for _, m := range srv.Mailbox(quar).Messages() {
			held = append(held, m.Folder+" "+m.MessageID)
		}
		assert.Equal(t, []string{"/Held <lure@evil.example>", "/Held <lunch@example.test>"}, held)
		assert.Contains(t, log.String(), `action=recovers object=0 done=false why="it is not there"`)
		assert.NotContains(t, log.String(), "evil.example")
	})
}
