package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// row is an intent as stored. Its time is in two numbers, since timestamptz has no
// nanoseconds. Server and reference are for people who look into the table.
type row struct {
	operation, target string
	seconds           int64
	nanos             int32
	server, reference string
	text              string // JSON
	seal              []byte
}

// columns are the columns that fields reads.
const columns = `operation, target, at_seconds, at_nanos, intent::text, seal`

func (r *row) fields() []any {
	return []any{&r.operation, &r.target, &r.seconds, &r.nanos, &r.text, &r.seal}
}

func newRow(in quarantine.Intent) (r row, err error) {
	if err := storable("operation", in.Operation); err != nil {
		return r, err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return r, err
	}
	r = row{
		operation: in.Operation, target: in.Target.Key(), seconds: in.At.Unix(), nanos: int32(in.At.Nanosecond()),
		server: shown(in.Server), reference: shown(in.Target.Reference), text: string(text),
	}
	r.seal = r.sum()
	return r, nil
}

// sum returns the checksum of the values that are acted upon.
func (r *row) sum() []byte {
	return checksum("intent", r.operation, r.target, fmt.Sprint(r.seconds, " ", r.nanos), r.text)
}

// decode returns the intent, if the row is as it was written.
func (r *row) decode() (in quarantine.Intent, err error) {
	if string(r.seal) != string(r.sum()) {
		return in, fmt.Errorf("%w: intent %q", ErrDamaged, r.operation)
	}
	if err := json.Unmarshal([]byte(r.text), &in); err != nil {
		return quarantine.Intent{}, fmt.Errorf("%w: intent %q cannot be read: %w", ErrDamaged, r.operation, err)
	}
	return in, nil
}

// checksum returns the SHA-256 of texts and their lengths.
func checksum(texts ...string) []byte {
	h := sha256.New()
	for _, text := range texts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // never fails
		_, _ = h.Write([]byte(text))
	}
	return h.Sum(nil)
}

// storable refuses a value that PostgreSQL cannot hold as text.
func storable(field, value string) error {
	if utf8.ValidString(value) && !strings.Contains(value, "\x00") {
		return nil
	}
	return driver.Invalid("arguments", field, fmt.Sprintf("is %q, which PostgreSQL cannot store; give it as UTF-8 without NUL", value))
}

// shown returns a text that PostgreSQL can hold.
func shown(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
