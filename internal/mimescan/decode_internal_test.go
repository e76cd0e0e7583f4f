package mimescan

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
)

// Pieces that were encoded one by one are decoded one by one, whatever stands between
// their characters, and wherever a reader stops.
func TestBase64InPieces(t *testing.T) {
	t.Parallel()
	var encoded, want strings.Builder
	for size := range 100 {
		piece := strings.Repeat("\xfb\x00ewsquarantine", 7)[:size]
		code := base64.StdEncoding.EncodeToString([]byte(piece))
		if size%3 != 0 && size%2 == 0 {
			code = strings.TrimRight(code, "=") + "=" // one "=" is enough to end a piece
		}
		encoded.WriteString(code[:len(code)/2] + "\r\n!" + code[len(code)/2:])
		want.WriteString(piece)
	}
	encoded.WriteString("QUJDR") // R alone is no byte
	want.WriteString("ABC")
	broken := errors.New("the connection broke")
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"at once":     func(r io.Reader) io.Reader { return r },
		"one by one":  iotest.OneByteReader,
		"with an end": iotest.DataErrReader,
		"broken":      func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(broken)) },
	} {
		for _, size := range []int{16, 100, 4096} {
			r := reader(strings.NewReader(encoded.String()))
			got, err := io.ReadAll(newBase64(bufio.NewReaderSize(r, size)))
			if name == "broken" {
				assert.ErrorIs(t, err, broken)
			} else {
				assert.NoError(t, err, name)
			}
			assert.Equal(t, want.String(), string(got), "%s, by %d bytes", name, size)
		}
	}
}
