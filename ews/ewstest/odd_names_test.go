package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestOddityNames(t *testing.T) {
	t.Parallel()
	every := ewstest.AllOddities | ewstest.OddTwoAnswers
	names := strings.Split(every.String(), ",")
	require.Len(t, names, 16)
	for i, name := range names {
		one, err := ewstest.ParseOddities(name)
		require.NoError(t, err)
		assert.Equal(t, ewstest.Oddities(1)<<i, one, "each bit has its name")
		assert.Equal(t, name, one.String())
	}
	for oddity, name := range map[ewstest.Oddities]string{
		ewstest.OddNoTransfer: "noTransfer", ewstest.OddNoCrossMove: "noCrossMove", ewstest.OddBareFaults: "bareFaults",
		ewstest.OddNoRootFolder: "noRootFolder", ewstest.OddNoItemIDs: "noItemIds", ewstest.OddDroppedHeaders: "droppedHeaders",
		ewstest.OddRenamedAttachments: "renamedAttachments", ewstest.OddRecodedText: "recodedText", ewstest.OddNoChunks: "noChunks",
		ewstest.OddNoChangeKeys: "noChangeKeys", ewstest.OddNoDeliveryTime: "noDeliveryTime", ewstest.OddCaseSensitive: "caseSensitive",
		ewstest.OddNanoseconds: "nanoseconds", ewstest.OddCannotFindUser: "cannotFindUser", ewstest.OddPostOnly: "postOnly",
		ewstest.OddTwoAnswers: "twoAnswers", 0: "", 1 << 16: "Oddities(0x10000)",
		ewstest.OddNoChunks | ewstest.OddNoTransfer: "noTransfer,noChunks",
	} {
		assert.Equal(t, name, oddity.String())
	}
	for text, want := range map[string]ewstest.Oddities{
		"":                             0,
		"all":                          ewstest.AllOddities,
		" NoChunks , nanoseconds":      ewstest.OddNoChunks | ewstest.OddNanoseconds,
		"all,-noItemIds,twoAnswers":    every &^ ewstest.OddNoItemIDs,
		"noChunks,-noChunks, noChunks": ewstest.OddNoChunks,
	} {
		got, err := ewstest.ParseOddities(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"noTea", "all,-noTea", "noChunks,,nanoseconds", "-"} {
		_, err := ewstest.ParseOddities(text)
		require.Error(t, err, text)
		for _, name := range names {
			assert.ErrorContains(t, err, name)
		}
	}
	assert.False(t, ewstest.AllOddities.Has(ewstest.OddTwoAnswers))
	assert.True(t, ewstest.AllOddities.Has(ewstest.OddNoTransfer|ewstest.OddPostOnly))
	assert.False(t, ewstest.OddNoTransfer.Has(ewstest.OddNoTransfer|ewstest.OddPostOnly))
}

func TestOddScenario(t *testing.T) {
	t.Parallel()
	load := func(odd string, opts *ewstest.Options) *caller {
		sc, err := ewstest.LoadScenario(strings.NewReader(`{"users": [{"name": "svc"}], "odd": ` + odd + `}`))
		require.NoError(t, err)
		srv, err := sc.NewServer(opts)
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		return &caller{t: t, srv: srv, user: "svc", version: "Exchange2013_SP1"}
	}
	find := findXML(folderOf("inbox", alice), "")
	assert.Equal(t, []string{"ErrorCannotFindUser"}, codes(load(`["nanoseconds", "cannotFindUser"]`, nil).do(find)))
	assert.Equal(t, []string{"ErrorCannotFindUser"}, codes(load(`["all", "-noChunks"]`, nil).do(find)))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(load(`[]`, nil).do(find)))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(load(`["all"]`, &ewstest.Options{Odd: ewstest.OddPostOnly}).do(find)), "options take precedence")
	_, err := ewstest.LoadScenario(strings.NewReader(`{"odd": ["noTea"]}`))
	require.ErrorContains(t, err, `odd: ewstest: unknown oddity "noTea"`)
	assert.ErrorContains(t, err, "noTransfer, noCrossMove")
}
