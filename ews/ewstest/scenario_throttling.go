package ewstest

import (
	"errors"
	"fmt"
)

// throttling returns a policy of a scenario, or nil if the text is empty.
func (d *scenarioData) throttling(text string, v Version) (*Throttling, error) {
	if text == "" {
		return nil, nil
	}
	return ParseThrottling(text, v)
}

// checkThrottling validates the policies and latencies of a scenario.
func (d *scenarioData) checkThrottling() error {
	if _, err := d.throttling(d.Throttling, 0); err != nil {
		return fmt.Errorf("throttling: %w", err)
	}
	for i, b := range d.Budgets {
		if _, err := d.throttling(b.Throttling, 0); err != nil {
			return fmt.Errorf("budgets[%d]: throttling: %w", i, err)
		}
	}
	if d.Latencies == "" {
		return nil
	}
	if d.Latency != 0 {
		return errors.New("latency and latencies are both given; latencies can hold both")
	}
	if _, _, err := ParseLatencies(d.Latencies); err != nil {
		return fmt.Errorf("latencies: %w", err)
	}
	return nil
}
