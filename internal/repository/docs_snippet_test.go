package repository_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// snippets are blocks of Go and what each is wrong with, by line; nothing if it compiles.
var snippets = []struct{ name, code, want string }{
	{"statements", `fmt.Println("a", time.Second)`, ""},
	{"ctx is there", `req, err := http.NewRequestWithContext(ctx, "GET", "http://a.example", nil)`, ""},
	{"t is there", `t.Fatal("no")`, ""},
	{"ctx may be declared", `ctx := context.Background()
fmt.Println(ctx)`, ""},
	{"a name may hide a package", `log := 1
fmt.Println(log)`, ""},
	{"unused", `x := 1
again:
for range 3 {
	y, z := 1, 2
}`, ""},
	{"returns an error", `if _, err := os.Open("a"); err != nil {
	return err
}`, ""},
	{"returns a value and an error", `return nil, errors.New("no")`, ""},
	{"returns nothing", `if ctx.Err() != nil {
	return
}`, ""},
	{"a literal's returns are its own", `f := func() (int, string, bool) { return 1, "", true }
f()`, ""},
	{"declarations", `type reader struct{ io.Reader }

func (r reader) Close() error { return nil }

var _ io.Closer = reader{}`, ""},
	{"a test", `func TestIt(t *testing.T) {
	t.Parallel()
	strings.Repeat("a", 3)
}`, ""},
	{"variables use ctx", `var req, err = http.NewRequestWithContext(ctx, "GET", "http://a.example", nil)`, ""},
	{"types only", `type T struct{ c *http.Client }`, ""},
	{"imports and declarations", `import (
	"fmt"
	"math/bits"
)

func f() { fmt.Println(bits.Len(3), strings.ToUpper("a")) }`, ""},
	{"imports and statements", `import "math/bits"
import "os"

n := bits.Len(3)
fmt.Println(n, ctx)`, ""},
	{"an import under another name", `import stdlog "log"
import stdctx "context"

stdlog.Println(stdctx.Background(), ctx, t)`, ""},
	{"a package of this module", `srv := ewstest.NewServer(nil)
defer srv.Close()
srv.FailNext(ews.OpMoveItem, ewstest.DropAfter)`, ""},
	{"a whole file", `// Package p is whole.
package p

import "context"

var _ context.Context`, ""},
	{"a whole file with a package missing", `package p

var _ = fmt.Sprint()`, "doc.md:12: undefined: fmt"},
	{"a type error", `fmt.Println("a")
fmt.Println("b" + 1)`, `doc.md:11: invalid operation: "b" + 1`},
	{"a wrong argument", `
strings.ToUpper(3)`, "doc.md:11: cannot use 3"},
	{"undefined", `srv.Deliver(eml)`, "doc.md:10: undefined: srv\ndoc.md:10: undefined: eml"},
	{"no such name in a package", `fmt.Println("a")
ews.NoSuch()`, "doc.md:11: undefined: ews.NoSuch"},
	{"a result that is not used", `len("a")`, `doc.md:10: len("a")`},
	{"no such package", `import "example.com/nowhere"

nowhere.F()`, "doc.md:10: could not import example.com/nowhere"},
	{"an internal package", `import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

var _ = xmlwire.NewDecoder`, "doc.md:10: the block imports github.com/ewsquarantine/ewsquarantine/internal/xmlwire, which other modules cannot"},
	{"a declaration that does not return", `func f() int {
	fmt.Println()
}`, "doc.md:12: missing return"},
	{"a syntax error in statements", `x := 1
x = = 2`, "doc.md:11: expected operand, found '='"},
	{"a syntax error in declarations", `func f() {
	x = = 2
}`, "doc.md:11: expected operand, found '='"},
	{"a syntax error in a file", `package p

func {}`, "doc.md:12: expected 'IDENT', found '{'"},
	{"a placeholder in a literal", `x := 1
y := quarantine.Target{...}`, "doc.md:11: code is left out, so the block does not compile; write it out: y := quarantine.Target{...}"},
	{"a placeholder among arguments", `f(x, ...)`, "doc.md:10: code is left out"},
	{"a placeholder on a line", `func f() {
	...
}`, "doc.md:11: code is left out"},
	{"a placeholder in a file", `package p

var x = []int{..., 3}`, "doc.md:12: code is left out"},
	{"an ellipsis", `x := 1
…`, "doc.md:11: code is left out"},
	{"variadic is not a placeholder", `f := func(a ...int) {}
f([]int{1}...)
_ = [...]int{1}`, ""},
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	docs := docs(t)
	// One file for each snippet, which are checked together: "go list" runs once.
	files := make([]repository.TextFile, len(snippets))
	for i, s := range snippets {
		files[i].Path = strings.ReplaceAll(s.name, " ", "-") + ".md"
		files[i].Text = strings.Repeat("\n", 8) + "```go\n" + s.code + "\n```\n"
	}
	violations, blocks, err := docs.Check(files)
	require.NoError(t, err)
	assert.Len(t, snippets, blocks)
	for i, s := range snippets {
		var got []string
		for _, v := range violations {
			if after, ok := strings.CutPrefix(v, files[i].Path); ok {
				got = append(got, "doc.md"+after)
			}
		}
		if s.want == "" {
			assert.Empty(t, got, s.name)
			continue
		}
		want := strings.Split(s.want, "\n")
		if assert.Len(t, got, len(want), s.name) {
			for j := range want {
				assert.True(t, strings.HasPrefix(got[j], want[j]), "%s: got %q, want %q", s.name, got[j], want[j])
			}
		}
	}
}
