package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

type callerKey struct{}

// records is a handler that keeps what it gets, and notes what came without the
// caller's context.
type records struct {
	mu      sync.Mutex
	all     []slog.Record
	strange []string
}

func (h *records) Enabled(context.Context, slog.Level) bool { return true }
func (h *records) WithAttrs([]slog.Attr) slog.Handler       { panic("attributes are given with each record") }
func (h *records) WithGroup(string) slog.Handler            { panic("keys stand in no group") }

func (h *records) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, r)
	if ctx.Value(callerKey{}) == nil {
		h.strange = append(h.strange, r.Message)
	}
	return nil
}

// at returns the messages at a level.
func (h *records) at(level slog.Level) (messages []string) {
	for _, r := range h.all {
		if r.Level == level {
			messages = append(messages, r.Message)
		}
	}
	return messages
}

// keys returns the keys of all records.
func (h *records) keys() map[string]bool {
	keys := map[string]bool{}
	for _, r := range h.all {
		r.Attrs(func(a slog.Attr) bool {
			keys[a.Key] = true
			return true
		})
	}
	return keys
}

func callerContext(t *testing.T) context.Context {
	return context.WithValue(t.Context(), callerKey{}, true)
}

// TestSuccessIsNoWarning: a request that checks whether something is gone, or exists at
// all, is not a problem.
func TestSuccessIsNoWarning(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		for _, v := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016} {
			t.Run(fmt.Sprint(access, v), func(t *testing.T) {
				t.Parallel()
				srv := ewstest.NewServer(&ewstest.Options{Version: v})
				t.Cleanup(srv.Close)
				srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
				cfg := basicConfig("A", "mail.example.test", "example.test")
				cfg.Access, cfg.StampKey = access, exchange.NewSecret("a key of at least 16 bytes")
				cfg.ScanRecoverableItems, cfg.ScanOnlineArchive = true, true
				h, ctx := &records{}, callerContext(t)
				q, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct(), Logger: slog.New(h)})
				require.NoError(t, err)
				receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: evil})
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				back, err := q.Restore(ctx, receipt)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Empty(t, h.at(slog.LevelWarn))
				assert.Empty(t, h.at(slog.LevelError))
				assert.Empty(t, h.strange)
				assert.GreaterOrEqual(t, len(h.all), len(srv.Requests()), "but each call has its record")
			})
		}
	}
}

// forgetful is a journal that keeps its intents.
type forgetful struct{ quarantine.MemoryJournal }

// Finish fails.
func (*forgetful) Finish(context.Context, quarantine.Claim) error {
	return errors.New("the disk is full")
}

// TestRecordsComeWithTheCall: every record has the context of the call, and keys that
// the documentation of the package lists.
func TestRecordsComeWithTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newDiscoverScene(t, exchange.Impersonation)
		s.Mailbox(alice).Deliver(eml(evil, "Invoice"))
		s.cfg.StampKey = exchange.NewSecret("a key of at least 16 bytes")
		h, ctx := &records{}, callerContext(t)
		q, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.internet, Resolver: noRecords{}, Journal: &forgetful{}, Logger: slog.New(h)})
		require.NoError(t, err)
		s.place(discoverHost, http.NotFoundHandler())
		_, err = q.Find(ctx, quarantine.Target{Mailbox: alice, MessageID: evil})
		require.Error(t, err)
		s.answer(nil)
		time.Sleep(time.Hour)
		s.FailNext(ews.OpFindItem, ewstest.FaultCode("ErrorServerBusy").BackOff(time.Second), ewstest.Gateway(503))
		receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: evil})
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		require.NoError(t, q.Close())

		assert.Empty(t, h.strange)
		assert.Contains(t, h.at(slog.LevelWarn), "journal: intent could not be removed")
		assert.Contains(t, h.at(slog.LevelWarn), "no EWS URL was found")
		assert.Contains(t, h.at(slog.LevelDebug), "the EWS URL was found")
		assert.Contains(t, h.at(slog.LevelWarn), "ews refusal")
		assert.Contains(t, h.at(slog.LevelDebug), "ews call")
		for key := range h.keys() {
			assert.Contains(t, listedKeys(t), key)
		}
		for _, key := range []string{"backOff", "reason", "intent", "bytesIn", "waited", "attempt"} {
			assert.Contains(t, h.keys(), key)
		}
	})
}

// listedKeys returns the keys that the documentation of the package explains.
func listedKeys(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, list, ok := strings.Cut(string(text), "# Log records")
	require.True(t, ok)
	keys := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^//   - ([A-Za-z, ]+): `).FindAllStringSubmatch(list, -1) {
		for key := range strings.SplitSeq(line[1], ", ") {
			require.False(t, keys[key], "%s is explained twice", key)
			keys[key] = true
		}
	}
	require.NotEmpty(t, keys)
	return keys
}

// TestKeysOfRecords: the packages log with no other keys, use each that is listed, and
// never leave out the context.
func TestKeysOfRecords(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, dir := range []string{".", "selftest", "..", "../ewsmail", "../boltjournal", "../internal/passage", "../../ews", "../../ews/autodiscover", "../../auth", "../../throttle"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					for _, key := range keysOf(t, name, call) {
						used[key] = true
					}
				}
				return true
			})
		}
	}
	listed := listedKeys(t)
	delete(listed, "reference") // optional in a target
	delete(used, "reference")
	assert.Equal(t, slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(used)))
}

// keysOf returns the keys that a call gives to a record.
func keysOf(t *testing.T, file string, call *ast.CallExpr) (keys []string) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	args := call.Args
	switch x, _ := f.X.(*ast.Ident); {
	case x != nil && x.Name == "slog" && slices.Contains([]string{"String", "Int", "Int64", "Uint64", "Bool", "Duration", "Time", "Any", "Group"}, f.Sel.Name):
		args = args[:1]
	case slices.Contains([]string{"DebugContext", "InfoContext", "WarnContext", "ErrorContext"}, f.Sel.Name):
		args = args[2:]
	case slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, f.Sel.Name) && isLogger(f.X):
		assert.Equal(t, "open.go", file, "a record without a context: use %sContext", f.Sel.Name)
		args = args[1:]
	default:
		return nil
	}
	for i := 0; i < len(args); i += 2 {
		if text, ok := args[i].(*ast.BasicLit); ok {
			key, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			keys = append(keys, key)
		}
	}
	return keys
}

// isLogger reports whether an expression is called like a logger.
func isLogger(x ast.Expr) bool {
	name := ""
	switch x := x.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	return slices.Contains([]string{"log", "Log", "logger", "Logger"}, name)
}
