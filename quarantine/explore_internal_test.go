package quarantine

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Still makes a service wait exactly as long as configured, without randomness, and reports
// the row of the engine's table that fits each look. It is for explorers, whose histories
// are the same each time.
func (s *Service) Still(saw func(row string)) {
	s.engine.Jitter = func(d time.Duration) time.Duration { return d }
	s.engine.Saw = saw
}

// EngineRows returns the rows of the engine's table.
func EngineRows() []string { return passage.Rows() }
