package quarantine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// nested is an address book whose groups contain each other without end.
type nested struct{}

func (nested) Members(_ context.Context, address string) ([]driver.Member, bool, error) {
	return []driver.Member{{Address: "x" + address, Kind: driver.MemberGroup}}, true, nil
}

func (nested) Lookup(_ context.Context, address string) (driver.Member, error) {
	return driver.Member{Address: address, Kind: driver.MemberGroup}, nil
}

// nestedGround is where one message was sent to such a group.
type nestedGround struct{}

func (nestedGround) forwarded(context.Context, string, string, int) ([]driver.Forwarded, error) {
	return []driver.Forwarded{{MessageID: "<f@x>", Recipients: []driver.Member{{Address: "g@example.test"}}, By: driver.ByInReplyTo}}, nil
}

func (nestedGround) book() driver.Directory           { return nested{} }
func (nestedGround) has(context.Context, string) bool { return false }
func (nestedGround) isQuarantine(string) bool         { return false }

func (nestedGround) Expand(ctx context.Context, group string, opts *ExpandOptions) (*Expansion, error) {
	o, err := checkExpand(group, opts)
	if err != nil {
		return nil, err
	}
	return expandGroup(ctx, nested{}, group, o)
}

// The error names the limit that was reached: raising another one would not help.
func TestFollowForwardsNamesTheLimitOfAGroup(t *testing.T) {
	t.Parallel()
	_, err := followForwards(t.Context(), nestedGround{}, Target{Mailbox: "a@example.test", MessageID: "<m@x>"}, nil)
	limit, ok := errors.AsType[*LimitError](err)
	require.True(t, ok, err)
	assert.Equal(t, "MaxDepth", limit.Setting)
	assert.ErrorContains(t, err, "nested")
	assert.ErrorIs(t, err, ErrTooManyHits)
}

// noGroup is an address book that has the address, but not as a group.
type noGroup struct{}

func (noGroup) Members(context.Context, string) ([]driver.Member, bool, error) {
	return nil, false, &driver.Error{Err: fmt.Errorf("%w: ErrorNameResolutionNoResults", ErrGone), Untouched: true, Answered: true}
}

func (noGroup) Lookup(_ context.Context, address string) (driver.Member, error) {
	return driver.Member{Address: address, Kind: driver.MemberMailbox}, nil
}

func TestExpandKeepsTheCause(t *testing.T) {
	t.Parallel()
	_, err := expandGroup(t.Context(), noGroup{}, "a@example.test", ExpandOptions{MaxDepth: 1, MaxGroups: 1, MaxMembers: 1})
	require.ErrorIs(t, err, ErrGone)
	require.ErrorIs(t, err, ErrInvalid)
	assert.ErrorContains(t, err, "ErrorNameResolutionNoResults")
}
