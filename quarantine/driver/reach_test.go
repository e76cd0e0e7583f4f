package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestReachOf(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		verb, at, flag string
		want           driver.Reach
	}{
		"nothing":             {"", "", "", driver.Reach{}},
		"replied":             {"102", "2026-11-24T12:00:00Z", "", driver.Reach{Answer: driver.AnswerReplied, AnsweredAt: noon}},
		"replied to all":      {"103", "2026-11-24T13:00:00+01:00", "0", driver.Reach{Answer: driver.AnswerRepliedToAll, AnsweredAt: noon}},
		"forwarded":           {"104", "", "2", driver.Reach{Answer: driver.AnswerForwarded, FollowUp: driver.FollowUpFlagged}},
		"flag completed":      {"0", "2026-11-24T12:00:00Z", "1", driver.Reach{FollowUp: driver.FollowUpCompleted}},
		"opened":              {"0", "2026-11-24T12:00:00Z", "0", driver.Reach{}},
		"printed":             {"105", "2026-11-24T12:00:00Z", "", driver.Reach{}},
		"no numbers":          {"forward", "noon", "yes", driver.Reach{}},
		"no time":             {"102", "soon", "", driver.Reach{Answer: driver.AnswerReplied}},
		"before all mail":     {"102", "0001-01-01T00:00:00Z", "", driver.Reach{Answer: driver.AnswerReplied}},
		"beyond every number": {"99999999999999999999", "", "-2", driver.Reach{}},
	} {
		assert.Equal(t, c.want, driver.ReachOf(c.verb, c.at, c.flag), name)
		assert.Equal(t, c.want == driver.Reach{}, c.want.IsZero(), name)
	}
}
