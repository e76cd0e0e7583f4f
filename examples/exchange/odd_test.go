package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// refusesGET reports whether the server has the oddity postOnly, and namesNoMailbox
// the code for a mailbox that does not exist.
func (r *running) refusesGET(t *testing.T) bool {
	t.Helper()
	res, err := http.Get(r.ready.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	return res.StatusCode == http.StatusMethodNotAllowed
}

func (r *running) namesNoMailbox(t *testing.T) ews.ResponseCode {
	t.Helper()
	for _, err := range r.client(t, "svc").FindItems(t.Context(), ews.FindItemRequest{
		Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "nobody@example.test"}},
	}) {
		var refused *ews.ResponseError
		require.ErrorAs(t, err, &refused)
		return refused.Code
	}
	require.Fail(t, "the mailbox exists")
	return ""
}

func TestOdd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scenario.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"users": [{"name": "svc"}], "odd": ["cannotFindUser"]}`), 0o600))
	for name, tt := range map[string]struct {
		args     []string
		postOnly bool
		code     ews.ResponseCode
	}{
		"as usual":         {nil, false, "ErrorNonExistentMailbox"},
		"alone":            {[]string{"-odd"}, true, "ErrorCannotFindUser"},
		"one":              {[]string{"-odd=postOnly"}, true, "ErrorNonExistentMailbox"},
		"two":              {[]string{"-odd=cannotFindUser,twoAnswers"}, false, "ErrorCannotFindUser"},
		"all but one":      {[]string{"-odd=all,-cannotFindUser"}, true, "ErrorNonExistentMailbox"},
		"false":            {[]string{"-odd=false"}, false, "ErrorNonExistentMailbox"},
		"of the scenario":  {[]string{"-scenario", file}, false, "ErrorCannotFindUser"},
		"and the flag won": {[]string{"-scenario", file, "-odd=postOnly"}, true, "ErrorNonExistentMailbox"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, tt.args...)
			assert.Equal(t, tt.postOnly, r.refusesGET(t))
			assert.Equal(t, tt.code, r.namesNoMailbox(t))
		})
	}
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{"-odd=noTea"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), `exchange: -odd: ewstest: unknown oddity "noTea"; use all or some of noTransfer, noCrossMove`)
	for want, args := range map[string][]string{
		"-odd=noTransfer; see":                {"-odd", "noTransfer"},
		"-odd: ewstest: -noTransfer takes":    {"-odd=-noTransfer"},
		`take "odd" out of the file; see`:     {"-scenario", file, "-odd=false"},
		`unexpected argument "noTransfer"; s`: {"-odd=postOnly", "noTransfer"},
	} {
		stderr.Reset()
		assert.Equal(t, 2, run(t.Context(), args, &stdout, &stderr), args)
		assert.Contains(t, stderr.String(), want)
	}
	stderr.Reset()
	assert.Equal(t, 2, run(t.Context(), []string{"-odd", "noItemIds"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), `the names of oddities follow an equals sign`)
	stderr.Reset()
	assert.Zero(t, run(t.Context(), []string{"-help"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "noTransfer, noCrossMove, bareFaults")
	assert.Contains(t, stderr.String(), "twoAnswers.\n")
}
