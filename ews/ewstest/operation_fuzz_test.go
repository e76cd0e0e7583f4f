package ewstest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzOperation changes a part of a valid request, for each operation except
// GetStreamingEvents, whose answer lasts a minute.
func FuzzOperation(f *testing.F) {
	all := slices.DeleteFunc(ewstest.Operations(), func(o ewstest.Operation) bool { return o.Name == "GetStreamingEvents" })
	for i := range all {
		f.Add(uint8(i), uint16(0), uint8(0), "")
	}
	f.Fuzz(func(t *testing.T, operation uint8, at uint16, cut uint8, with string) {
		s := newScene(t, ewstest.Options{})
		op := sampleRequests[all[int(operation)%len(all)].Name].of(s)
		from := min(int(at), len(op))
		to := min(from+int(cut), len(op))
		status, answer, err := s.in("Exchange2016").try(op[:from] + with + op[to:])
		if err != nil || status != 200 && status != 500 || !strings.HasSuffix(answer, "</s:Envelope>") {
			t.Errorf("status %d, error %v, answer %q", status, err, answer)
		}
	})
}
