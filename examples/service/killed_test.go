package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// argsVariable holds the arguments of the service to be killed.
const argsVariable = "SERVICE_TEST_ARGS"

// TestKilled kills a service, in a separate process, in the middle of 20 posts. The next one
// becomes ready, has every acknowledged alert, and each message once.
func TestKilled(t *testing.T) {
	t.Parallel()
	if text := os.Getenv(argsVariable); text != "" {
		os.Exit(run(t.Context(), strings.Split(text, "\n"), os.Stdout, os.Stderr, os.LookupEnv))
	}
	l := newLab(t)
	// Work that was interrupted can be settled soon.
	l.config = l.write(t, "killed.json", map[string]any{"journalFile": filepath.Join(l.dir, "ewsq.journal"), "writeDoubt": "5s"})
	args := []string{"-config", l.config, "-data", filepath.Join(l.dir, "data"), "-addr", "127.0.0.1:0"}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), argsVariable+"="+strings.Join(args, "\n"), "EWSQ_PASSWORD=svc-password")
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var first struct{ URL string }
	require.NoError(t, json.Unmarshal(line, &first))

	var acknowledged sync.Map
	var n atomic.Int32
	enough := make(chan struct{})
	var posts sync.WaitGroup
	for i := range 20 {
		id, mailbox := fmt.Sprint("a", i), []string{alice, bob}[i%2]
		posts.Go(func() {
			resp, err := http.Post(first.URL+"/alerts", "application/json", strings.NewReader(body(t, id, mailbox)))
			if err != nil {
				return // it was killed
			}
			defer resp.Body.Close()
			if assert.Equal(t, http.StatusAccepted, resp.StatusCode) {
				acknowledged.Store(id, mailbox)
				if n.Add(1) == 8 {
					close(enough)
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(20 * time.Second):
	}
	require.NoError(t, child.Process.Kill())
	posts.Wait()
	require.GreaterOrEqual(t, n.Load(), int32(8))
	require.Error(t, child.Wait())

	s := l.start(t, "-settle", "1s")
	s.log.await(t, "msg=ready")
	assert.Equal(t, http.StatusOK, s.ready(t).Status)
	acknowledged.Range(func(id, mailbox any) bool {
		a := s.call(t, http.MethodGet, "/alerts/"+id.(string), "").Alert
		if a.State != stateDone {
			a = s.done(t, id.(string), actionQuarantine)
		}
		if assert.Len(t, a.Results, 1) {
			assert.Equal(t, mailbox, a.Results[0].Mailbox)
			assert.Empty(t, a.Results[0].Error)
		}
		return true
	})
	assert.Equal(t, 1, l.copies(vault))
	assert.Zero(t, l.copies(alice))
}
