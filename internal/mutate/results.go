package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// result is the outcome of a mutant.
type result struct {
	Condition string `json:"condition"` // its key
	Function  string `json:"function"`  // shows whether the function is still the same
	Explorer  string `json:"explorer,omitempty"`
	Test      string `json:"test,omitempty"` // the first test that noticed it, if the explorer did not
	Reached   bool   `json:"reached"`        // some test evaluates the condition
	// Explored means that the explorer has had its turn, which may not be so with -quick.
	Explored bool `json:"explored,omitempty"`
}

func (r result) killed() bool { return r.Explorer != "" || r.Test != "" }

// String reports what killed the mutant.
func (r result) String() string {
	switch {
	case r.Explorer != "":
		return "explorer: " + r.Explorer
	case r.Test != "":
		return "test: " + r.Test
	case !r.Reached:
		return "SURVIVED: no test comes here"
	}
	return "SURVIVED"
}

func fingerprint(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// results is a file to which each result is written immediately, so an interrupted run
// can resume. A killed mutant stays killed as long as its function is unchanged; one that
// survived is tried again.
type results struct {
	mu   sync.Mutex
	file *os.File // nil: none
	old  map[string]result
}

// openResults reads a file of results, if there is one. An empty name means none.
func openResults(name string) (*results, error) {
	r := &results{old: map[string]result{}}
	if name == "" {
		return r, nil
	}
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		var one result
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return nil, fmt.Errorf("%s is not a file of results, or its last line was cut: %w", name, err)
		}
		r.old[one.Condition] = one
	}
	r.file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return r, err
}

// of returns an earlier result of a condition that still counts.
func (r *results) of(c condition) (result, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.old[c.key()]
	return old, ok && old.killed() && old.Function == fingerprint(c.body)
}

func (r *results) add(one result) error {
	if r.file == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	_, err = r.file.Write(append(line, '\n'))
	return err
}

func (r *results) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
