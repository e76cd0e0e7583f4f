package ewstest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// asked sends the sample request of an operation in the newest schema of a version.
func (s *scene) asked(o ewstest.Operation) (status int, answer string, err error) {
	s.t.Helper()
	sample, ok := sampleRequests[o.Name]
	require.True(s.t, ok, "%s has no request in sampleRequests", o.Name)
	c := s.caller.in(schemaOf[s.srv.Version()])
	op := sample.of(s)
	if s.srv.Version() < ewstest.Exchange2013SP1 {
		op = strings.Replace(op, `SuppressReadReceipts="true"`, "", 1)
	}
	return c.try(op)
}

// inBubble runs a test in a bubble, whose clock lets streams end immediately.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// last returns the server's record of the last request.
func (s *scene) last() ewstest.Request {
	all := s.srv.Requests()
	return all[len(all)-1]
}

// TestEveryOperationInEveryVersion sends each operation to each version, which supports
// or refuses it, and in a schema that is too old.
func TestEveryOperationInEveryVersion(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for version := range schemaOf {
			for _, o := range ewstest.Operations() {
				s := newScene(t, ewstest.Options{Version: version})
				status, answer, err := s.asked(o)
				require.NoError(t, err)
				if o.Since > version {
					assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer), "%s on %s", o.Name, version)
					assert.Equal(t, 500, status)
					assert.Empty(t, s.last().Acted)
					continue
				}
				assert.Equal(t, "NoError", codes(answer)[0], "%s on %s", o.Name, version)
				assert.Equal(t, o.Name, s.last().Operation)
				assert.Equal(t, schemaOf[version], s.last().Version)
				assert.Equal(t, "NoError", s.last().Code)
				assert.Equal(t, sampleRequests[o.Name].acts, s.last().Acted, "%s on %s acts", o.Name, version)
				since, _ := ewsschema.Introduced(string(o.Name))
				if since > ewsschema.Exchange2007 {
					assert.Equal(t, []string{"ErrorIncorrectSchemaVersion"}, codes(s.in("Exchange2007").do(sampleRequests[o.Name].of(s))), "%s in the schema of Exchange 2007", o.Name)
				}
			}
		}
	})
}

// TestEveryOperationFailsOnDemand plans faults of each sort at each operation.
func TestEveryOperationFailsOnDemand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, o := range ewstest.Operations() {
			at := ewstest.When{Operation: o.Name, Times: 1}
			acts := sampleRequests[o.Name].acts
			for name, tt := range map[string]struct {
				fault ewstest.Fault
				code  string // empty: no answer
				acts  bool
			}{
				"fault":              {ewstest.FaultCode("ErrorServerBusy"), "ErrorServerBusy", false},
				"fault, acted":       {ewstest.FaultCode("ErrorTimeoutExpired").Acted(), "ErrorTimeoutExpired", acts},
				"member":             {ewstest.MemberCode("ErrorTimeoutExpired"), "ErrorTimeoutExpired", false},
				"member, acted":      {ewstest.MemberCode("ErrorTimeoutExpired").Acted(), "ErrorTimeoutExpired", acts},
				"no answer":          {ewstest.DropBefore, "", false},
				"the answer is gone": {ewstest.DropAfter, "", acts},
			} {
				s := newScene(t, ewstest.Options{})
				planned := s.srv.Fail(at, tt.fault)
				_, answer, err := s.asked(o)
				if tt.code == "" {
					assert.Error(t, err, "%s: %s", o.Name, name)
				} else {
					require.NoError(t, err)
					assert.Equal(t, []string{tt.code}, codes(answer), "%s: %s", o.Name, name)
				}
				assert.Equal(t, tt.fault.Name, s.last().Fault, "%s: %s", o.Name, name)
				assert.Equal(t, tt.acts, s.last().Acted, "%s: %s", o.Name, name)
				assert.Equal(t, 1, planned.Struck(), "%s: %s", o.Name, name)
			}
		}
	})
}

// TestEveryOperationIsInTheStory lets people act before, within and after a request of
// each operation.
func TestEveryOperationIsInTheStory(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, o := range ewstest.Operations() {
			s := newScene(t, ewstest.Options{})
			other := s.srv.Mailbox(bob)
			m := other.Deliver([]byte(plain))
			owner := other.Person("owner")
			read := func(p *ewstest.Person) error {
				_, err := p.MarkRead(m)
				return err
			}
			s.srv.Play(ewstest.Step{Operation: o.Name, Who: owner, Do: read}, ewstest.Step{Operation: o.Name, After: true, Who: owner, Do: read})
			members := 0
			s.srv.OnMember(func(_, member int, r *ewstest.Request) {
				assert.Equal(t, o.Name, r.Operation)
				assert.Equal(t, members, member)
				members++
			})
			_, _, err := s.asked(o)
			require.NoError(t, err)
			assert.Equal(t, 1, members, "%s calls OnMember", o.Name)
			call := fmt.Sprintf("call %d (%s)", len(s.srv.Requests()), o.Name)
			var when []string
			for _, d := range s.srv.Story() {
				when = append(when, d.When)
			}
			assert.Equal(t, []string{"before " + call, "after " + call}, when, o.Name)
		}
	})
}

// TestEveryOperationIsCaptured is not parallel: it sets the environment.
func TestEveryOperationIsCaptured(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("EWSTEST_CAPTURE", dir)
	synctest.Test(t, func(t *testing.T) {
		for _, o := range ewstest.Operations() {
			s := newScene(t, ewstest.Options{})
			_, answer, err := s.asked(o)
			require.NoError(t, err)
			for what, want := range map[string]string{"request": "<m:" + string(o.Name), "response": string(o.Name) + "Response"} {
				found, err := filepath.Glob(filepath.Join(dir, "*", "*-"+string(o.Name)+"-"+what+".xml"))
				require.NoError(t, err)
				if assert.NotEmpty(t, found, "%s: %s", o.Name, what) {
					content, err := os.ReadFile(found[len(found)-1])
					require.NoError(t, err)
					assert.Contains(t, string(content), want)
				}
			}
			assert.NotEmpty(t, answer)
		}
	})
}
