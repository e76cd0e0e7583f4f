package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestNewRouterRefuses(t *testing.T) {
	t.Parallel()
	journal := &quarantine.MemoryJournal{}
	service := func(name string) *quarantine.Service {
		s, err := quarantine.New(newLedger(name), "vault@a.test", &quarantine.Options{Name: name, Journal: journal})
		require.NoError(t, err)
		return s
	}
	_, err := quarantine.NewRouter(nil, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = quarantine.NewRouter([]quarantine.Route{{}}, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = quarantine.NewRouter([]quarantine.Route{{Service: service("A")}}, &quarantine.RouterOptions{PerServer: -1})
	require.ErrorContains(t, err, "PerServer")
	_, err = quarantine.NewRouter([]quarantine.Route{{Service: service("A")}, {Service: service("a")}}, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, "name is given twice")
	_, err = quarantine.NewRouter([]quarantine.Route{{Service: service("A")}, {Service: service("B")}}, nil)
	require.NoError(t, err, "they may share a journal")
	_, err = quarantine.NewRouter([]quarantine.Route{{Service: service("")}}, nil)
	require.NoError(t, err, "alone it needs no name")
}
