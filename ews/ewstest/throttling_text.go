package ewstest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// ParseThrottling reads a policy for a server of a given version. The text consists of
// words separated by commas, such as
//
//	default,EwsCutoffBalance=60000,LockOut=1m,ExportItems=10ms+50ms
//
// "default", or the name of a version, starts from that default policy
// ([DefaultThrottling]); otherwise nothing is limited. NAME=NUMBER sets a field of
// [Throttling], in any case, and NAME=TIME sets LockOut, MaxDelay or BatchLimit.
// OPERATION=CALL+ITEM sets the cost of an operation: once, and for each member of its
// batch; *=CALL+ITEM sets it for all others, instead of [DefaultCosts]. Of repeated
// settings, the last one counts.
func ParseThrottling(text string, v Version) (*Throttling, error) {
	p := &Throttling{}
	costs := DefaultCosts()
	words := strings.Split(text, ",")
	for i, word := range words {
		words[i] = strings.TrimSpace(word)
	}
	if i := slices.IndexFunc(words, func(w string) bool { return !strings.Contains(w, "=") }); i > 0 {
		return nil, fmt.Errorf("ewstest: %q must be NAME=VALUE, such as EwsMaxBurst=300000; only the first word may be default or the name of a version", words[i])
	}
	if !strings.Contains(words[0], "=") {
		if !strings.EqualFold(words[0], "default") {
			var err error
			if v, err = ParseVersion(words[0]); err != nil {
				return nil, fmt.Errorf("ewstest: %q must be default, the name of a version, or NAME=VALUE such as EwsMaxBurst=300000", words[0])
			}
		}
		p = DefaultThrottling(v)
		words = words[1:]
	}
	// The cost of all others comes before the single operations, wherever it appears.
	slices.SortStableFunc(words, func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if err := p.set(name, value, costs); err != nil {
			return nil, fmt.Errorf("ewstest: %s: %w", name, err)
		}
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("ewstest: %w", err)
	}
	p.Cost = costs.Of
	return p, nil
}

// rank brings *= to the front.
func rank(word string) string {
	if strings.HasPrefix(word, "*") {
		return ""
	}
	return "="
}

// set sets one field of a policy, or one cost.
func (p *Throttling) set(name, value string, costs Costs) error {
	numbers := map[string]*int{
		"EwsMaxConcurrency": &p.EwsMaxConcurrency, "EwsMaxBurst": &p.EwsMaxBurst,
		"EwsRechargeRate": &p.EwsRechargeRate, "EwsCutoffBalance": &p.EwsCutoffBalance,
		"EwsPercentTimeInCAS": &p.EwsPercentTimeInCAS, "EwsPercentTimeInMailboxRPC": &p.EwsPercentTimeInMailboxRPC,
		"EwsPercentTimeInAD": &p.EwsPercentTimeInAD, "EwsFindCountLimit": &p.EwsFindCountLimit,
	}
	times := map[string]*time.Duration{"LockOut": &p.LockOut, "MaxDelay": &p.MaxDelay, "BatchLimit": &p.BatchLimit}
	for known, field := range numbers {
		if !strings.EqualFold(known, name) {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number up to 2147483647", value)
		}
		*field = int(n)
		return nil
	}
	for known, field := range times {
		if !strings.EqualFold(known, name) {
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a time with its unit, such as 1m", value)
		}
		*field = d
		return nil
	}
	op, err := operationNamed(name)
	if err != nil {
		fields := slices.Sorted(maps.Keys(numbers))
		return fmt.Errorf("is not one of %s, %s, nor an operation such as ExportItems, nor *", strings.Join(fields, ", "), strings.Join(slices.Sorted(maps.Keys(times)), ", "))
	}
	call, item, two := strings.Cut(value, "+")
	once, err := time.ParseDuration(call)
	each, err2 := time.ParseDuration(item)
	if err := errors.Join(err, err2); err != nil || !two || once < 0 || each < 0 {
		return fmt.Errorf("%q is not CALL+ITEM, two times with their units such as 10ms+50ms", value)
	}
	cost, known := costs[op]
	if !known {
		cost = costs[""]
	}
	if op == "" {
		clear(costs)
	}
	cost.Call, cost.Item, cost.MiB = once, each, 0
	costs[op] = cost
	return nil
}

// operationNamed returns the operation with a name; "*" is the empty operation, for all
// others.
func operationNamed(name string) (ews.Operation, error) {
	if name == "*" {
		return "", nil
	}
	if operations[name] == nil {
		return "", fmt.Errorf("%q is not an operation that this server has, such as ExportItems", name)
	}
	return ews.Operation(name), nil
}

// ParseLatencies reads how long answers take to arrive: times separated by commas, one
// for all operations and OPERATION=TIME for single ones, such as
//
//	20ms,ExportItems=1s
func ParseLatencies(text string) (all time.Duration, of map[ews.Operation]time.Duration, err error) {
	for word := range strings.SplitSeq(text, ",") {
		name, value, single := strings.Cut(strings.TrimSpace(word), "=")
		if !single {
			name, value = "*", name
		}
		op, err := operationNamed(name)
		if err != nil {
			return 0, nil, fmt.Errorf("ewstest: %w", err)
		}
		d, err := time.ParseDuration(value)
		switch {
		case err != nil:
			return 0, nil, fmt.Errorf("ewstest: %q must be a time with its unit, such as 20ms or 1.5s", value)
		case d < 0:
			return 0, nil, fmt.Errorf("ewstest: %q must not be negative", value)
		case op == "":
			all = d
		default:
			if of == nil {
				of = make(map[ews.Operation]time.Duration)
			}
			of[op] = d
		}
	}
	return all, of, nil
}
