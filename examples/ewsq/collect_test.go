package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCollection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set    map[string]string
		growth int
		limit  int64
	}{
		"nothing set":     {nil, 400, 64 << 20},
		"set to nothing":  {map[string]string{"GOGC": "", "GOMEMLIMIT": ""}, 400, 64 << 20},
		"growth is set":   {map[string]string{"GOGC": "off"}, 0, 0},
		"limit is set":    {map[string]string{"GOMEMLIMIT": "1GiB"}, 400, 0},
		"both are set":    {map[string]string{"GOGC": "50", "GOMEMLIMIT": "1GiB"}, 0, 0},
		"something other": {map[string]string{"GODEBUG": "gctrace=0"}, 400, 64 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			growth, limit := collection(func(name string) (string, bool) { v, ok := c.set[name]; return v, ok })
			assert.Equal(t, c.growth, growth)
			assert.Equal(t, c.limit, limit)
		})
	}
}
