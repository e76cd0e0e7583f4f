package passage_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// Two items have the same content, or they do not, or nobody can tell.
func TestSameContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		first := s.deliver()
		again, edited := s.Duplicate(first), s.Duplicate(first)
		s.Edit(edited)
		box := s.engine.Strategy.Mailbox(alice)
		a, b, c := s.seen(t, first), s.seen(t, again), s.seen(t, edited)

		same, known, err := s.engine.SameContent(t.Context(), box, a, b)
		require.NoError(t, err)
		assert.True(t, same && known)
		same, known, err = s.engine.SameContent(t.Context(), box, a, c)
		require.NoError(t, err)
		assert.True(t, !same && known)
		same, known, err = s.engine.SameContent(t.Context(), unread{box}, a, b)
		require.NoError(t, err)
		assert.False(t, same || known, "the driver cannot read it")

		for denied := range 2 { // the first, or the second
			reads := 0
			s.twist = func(c *detour.Call) {
				if c.Act(); reads == denied {
					c.Fail(errDenied)
				}
				reads++
			}
			same, known, err = s.engine.SameContent(t.Context(), box, a, b)
			require.ErrorIs(t, err, errDenied)
			assert.True(t, !same && known)
			assert.Equal(t, denied+1, reads)
		}
	})
}
