package quarantine

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Still lets a service wait as long as it says, with nothing random, and tells of the
// row of the engine's table that fits each look: for explorers, whose histories are the same
// each time.
func (s *Service) Still(saw func(row string)) {
	s.engine.Jitter = func(d time.Duration) time.Duration { return d }
	s.engine.Saw = saw
}

// EngineRows returns the rows of the engine's table.
func EngineRows() []string { return passage.Rows() }
