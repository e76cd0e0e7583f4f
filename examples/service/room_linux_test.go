package main

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/filetest"
)

// A service that cannot record its work is not ready, and has to be restarted. After that,
// everything that was acknowledged is there.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"data/alerts.db", "ewsq.journal"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			s := l.start(t)
			s.log.await(t, "msg=ready")
			s.post(t, "a1", bob)
			s.done(t, "a1", actionQuarantine)
			assert.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/healthz", "").Status)
			filetest.Redirect(t, filepath.Join(l.dir, name), os.DevNull, os.O_RDWR)
			if name == "ewsq.journal" {
				s.post(t, "a2", alice)
				assert.Contains(t, s.done(t, "a2", actionQuarantine).Results[0].Error, "is not used any more")
			} else {
				a := s.call(t, http.MethodPost, "/alerts", body(t, "a2", alice))
				assert.Equal(t, http.StatusServiceUnavailable, a.Status)
				assert.Equal(t, "30", a.Header.Get("Retry-After"))
				assert.Contains(t, s.log.String(), "is not used any more")
			}
			for _, path := range []string{"/readyz", "/healthz"} {
				a := s.call(t, http.MethodGet, path, "")
				assert.Equal(t, http.StatusServiceUnavailable, a.Status, path)
				assert.Contains(t, a.Problem.Detail, "start it again")
				assert.NotContains(t, a.Problem.Detail, l.dir)
			}
			s.stop()
			<-s.ended

			s = l.start(t)
			s.log.await(t, "msg=ready")
			assert.Equal(t, http.StatusOK, s.ready(t).Status)
			assert.Equal(t, stateDone, s.call(t, http.MethodGet, "/alerts/a1", "").Alert.State)
			s.post(t, "a3", alice)
			s.done(t, "a3", actionQuarantine)
			assert.Equal(t, 1, l.copies(vault)+l.copies(alice))
			assert.Zero(t, l.copies(alice))
		})
	}
}

// /readyz notices that alerts cannot be stored without anybody posting one.
func TestReadyTriesToStore(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	s.log.await(t, "msg=ready")
	filetest.Redirect(t, filepath.Join(l.dir, "data", "alerts.db"), os.DevNull, os.O_RDWR)
	assert.Equal(t, http.StatusServiceUnavailable, s.ready(t).Status)
}

// A disk without room, or a directory that no longer exists.
func TestRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	assert.Empty(t, shortOf(dir, 0))
	assert.Contains(t, shortOf(dir, math.MaxUint64), "is full")
	assert.Empty(t, shortOf(filepath.Join(dir, "none"), math.MaxUint64), "that is not for this to say")
}
