package exchange_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// stampOf returns the properties of the only stamp in the quarantine of a server.
func stampOf(t *testing.T, srv *ewstest.Server, box string) map[string]string {
	t.Helper()
	messages := srv.Mailbox(box).Messages()
	require.Len(t, messages, 1)
	values := make(map[string]string)
	for _, name := range driver.StampNames() {
		values[name] = messages[0].Properties[ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}].Value
	}
	return values
}

// sealedWith reports whether a key made the seal of a stamp.
func sealedWith(values map[string]string, key string) bool {
	lease := strings.Split(values[driver.StampLease], "|")
	direction := strings.Split(values[driver.StampState], "|")[1]
	h := hmac.New(sha256.New, []byte(key))
	for _, part := range []string{
		values[driver.StampOperation], values[driver.StampMailbox], values[driver.StampFolderID], values[driver.StampPath],
		direction, values[driver.StampAttempt], lease[1], lease[3],
	} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return lease[4] == base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// TestStampKeys: the key that seals is that of the configuration, the first of the file, or
// the first of the options.
func TestStampKeys(t *testing.T) {
	t.Parallel()
	const first, second, third = "the first of the keys", "the second of the keys", "the third of the keys"
	file := filepath.Join(t.TempDir(), "stamp.keys")
	require.NoError(t, os.WriteFile(file, []byte("\xEF\xBB\xBF"+second+"\r\n\r\n "+first+"\n"), 0o600))
	for name, c := range map[string]struct {
		set     func(*exchange.Config, *exchange.Options)
		key     string
		warning bool
	}{
		"configuration": {func(c *exchange.Config, _ *exchange.Options) { c.StampKey = exchange.NewSecret(first) }, first, false},
		"file":          {func(c *exchange.Config, _ *exchange.Options) { c.StampKeyFile = file }, second, false},
		"options": {func(c *exchange.Config, o *exchange.Options) {
			c.StampKeyFile, o.StampKeys = file, [][]byte{[]byte(third)}
		}, third, false},
		"callback": {func(c *exchange.Config, o *exchange.Options) {
			c.StampKeyFile, o.StampKeysFunc = file, func(ctx context.Context) ([][]byte, error) {
				_, limited := ctx.Deadline()
				assert.True(t, limited, "the context ends")
				return [][]byte{[]byte(third), []byte(first)}, nil
			}
		}, third, false},
		"none, with a journal": {func(c *exchange.Config, _ *exchange.Options) { c.JournalFile = filepath.Join(t.TempDir(), "journal") }, "", false},
		"none, without":        {func(*exchange.Config, *exchange.Options) {}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			defer srv.Close()
			srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
			var log bytes.Buffer
			cfg := basicConfig("Head office", "mail.example.test", "example.test")
			o := exchange.Options{Transport: srv.Direct(), Logger: slog.New(slog.NewTextHandler(&log, nil))}
			c.set(&cfg, &o)
			service, err := exchange.Open(&cfg, &o)
			require.NoError(t, err)
			defer func() { require.NoError(t, service.Close()) }()
			r, err := service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			stamp := stampOf(t, srv, vault)
			for _, key := range []string{first, second, third} {
				assert.Equal(t, key == c.key, sealedWith(stamp, key), key)
				assert.NotContains(t, log.String(), key)
			}
			assert.Equal(t, c.warning, strings.Contains(log.String(), "neither stampKey nor journalFile is set"), log.String())
		})
	}
}

// TestStampKeyFileBad: the error describes what is wrong with the file without showing the
// key.
func TestStampKeyFileBad(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"empty":      {"\n \n", "has no key"},
		"short":      {"0123456789abcdef\ns3cret\n", "has a key in line 2 that is shorter than 16 characters"},
		"not text":   {"s3cret\x00\x01s3cret-s3cret-s3cret", "has a key in line 1 that contains"},
		"not a file": {strings.Repeat("s3cret-s3cret-s3cret\n", 4000), "is larger than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := basicConfig("Head office", "mail.example.test", "example.test")
			cfg.StampKeyFile = filepath.Join(t.TempDir(), "stamp.keys")
			require.NoError(t, os.WriteFile(cfg.StampKeyFile, []byte(c.text), 0o600))
			_, err := exchange.Open(&cfg, nil)
			require.ErrorIs(t, err, quarantine.ErrInvalid)
			assert.ErrorContains(t, err, `configuration "Head office": stampKeyFile `+c.says)
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
	cfg := basicConfig("Head office", "mail.example.test", "example.test")
	cfg.StampKeyFile = filepath.Join(t.TempDir(), "none")
	_, err := exchange.Open(&cfg, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "stampKeyFile")

	_, err = exchange.Open(&exchange.Config{
		EWSURL: cfg.EWSURL, QuarantineMailbox: vault, Authentication: cfg.Authentication, JournalFile: filepath.Join(t.TempDir(), "journal"),
	}, &exchange.Options{StampKeys: [][]byte{[]byte("short")}})
	assert.ErrorContains(t, err, "StampKeys[0]")
}

// TestStampKeysFunc: Open fails if the callback does, and then has not opened the journal.
func TestStampKeysFunc(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys  [][]byte
		err   error
		given [][]byte
		says  string
	}{
		"fails":          {nil, os.ErrPermission, nil, "options: StampKeysFunc: permission denied"},
		"returns none":   {nil, nil, nil, "options: StampKeysFunc returned no key"},
		"returns short":  {[][]byte{[]byte("s3cret")}, nil, nil, "StampKeys[0] is shorter than 16 bytes"},
		"beside a value": {nil, nil, [][]byte{[]byte("s3cret-s3cret-s3cret")}, "options: StampKeysFunc is set, and so is StampKeys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := basicConfig("Head office", "mail.example.test", "example.test")
			cfg.JournalFile = filepath.Join(t.TempDir(), "journal")
			asked := 0
			open := func(f func(context.Context) ([][]byte, error)) error {
				s, err := exchange.Open(&cfg, &exchange.Options{StampKeys: c.given, StampKeysFunc: f})
				if s != nil {
					require.NoError(t, s.Close())
				}
				return err
			}
			err := open(func(context.Context) ([][]byte, error) { asked++; return c.keys, c.err })
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "s3cret")
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
			} else {
				require.ErrorIs(t, err, quarantine.ErrInvalid)
			}
			assert.Equal(t, c.given == nil, asked == 1)
			c.given = nil
			require.NoError(t, open(func(context.Context) ([][]byte, error) { return [][]byte{[]byte("s3cret-s3cret-s3cret")}, nil }),
				"nothing of the first stays open")
		})
	}
}

// TestStallTimeoutIsUsed: a response that pauses is given up after stallTimeout, by
// the service and by the client of a connection, unless its options say otherwise.
func TestStallTimeoutIsUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set, own exchange.Duration
		want     time.Duration
	}{
		"default": {0, 0, 2 * time.Minute}, "set": {exchange.Duration(7 * time.Second), 0, 7 * time.Second},
		"of the options": {exchange.Duration(7 * time.Second), exchange.Duration(time.Hour), time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := ewstest.NewServer(nil)
				defer srv.Close()
				cfg := basicConfig("Head office", "mail.example.test", "example.test")
				cfg.StallTimeout = c.set
				conn, err := exchange.Connect(&cfg, &exchange.Options{Transport: srv.Direct()})
				require.NoError(t, err)
				client, err := conn.Client(&ews.Options{ReadAttempts: 1, StallTimeout: time.Duration(c.own)})
				require.NoError(t, err)
				srv.FailNext("", ewstest.Stall(0))
				begin := time.Now()
				_, err = client.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}})
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				assert.Equal(t, c.want, time.Since(begin).Truncate(time.Second))
				require.NoError(t, conn.Close())
				if c.own != 0 {
					return
				}
				service, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct(), Journal: &quarantine.MemoryJournal{}})
				require.NoError(t, err)
				srv.FailNext("", ewstest.Stall(0))
				begin = time.Now()
				_, err = service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
				require.NoError(t, err)
				assert.GreaterOrEqual(t, time.Since(begin), c.want, "a read is repeated after it")
				assert.Less(t, time.Since(begin), c.want+10*time.Second)
				require.NoError(t, service.Close())
			})
		})
	}
}

// TestWriteDoubtIsUsed: the lease in a stamp ends after writeDoubt and the third
// of it in which an item may be sent.
func TestWriteDoubtIsUsed(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
	cfg := basicConfig("Head office", "mail.example.test", "example.test")
	cfg.WriteDoubt = exchange.Duration(3 * time.Hour)
	journal, err := boltjournal.Open(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	defer journal.Close()
	service, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct(), Journal: journal})
	require.NoError(t, err)
	begin := time.Now()
	_, err = service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	require.NoError(t, err)
	stamp := driver.ParseStamp(stampOf(t, srv, vault))
	require.NotNil(t, stamp)
	assert.WithinDuration(t, begin.Add(4*time.Hour), stamp.Lease, 5*time.Minute)
}

// TestMarkWaitIsUsed: a message takes that much longer.
func TestMarkWaitIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
		cfg := basicConfig("Head office", "mail.example.test", "example.test")
		cfg.MarkWait = exchange.Duration(2 * time.Minute)
		service, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct()})
		require.NoError(t, err)
		begin := time.Now()
		r, err := service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.InDelta(t, 120, time.Since(begin).Seconds(), 5)
	})
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]exchange.Duration{
		"": 0, "60s": exchange.Duration(time.Minute), "1h30m": exchange.Duration(90 * time.Minute), "1.5s": exchange.Duration(1500 * time.Millisecond),
	} {
		var d exchange.Duration
		require.NoError(t, d.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, d)
		b, err := json.Marshal(d)
		require.NoError(t, err)
		var again exchange.Duration
		require.NoError(t, json.Unmarshal(b, &again))
		assert.Equal(t, want, again, "%s", b)
	}
	var d exchange.Duration
	for _, bad := range []string{"60", `"60"`, `"-1s"`, `"1d"`, `"0s"`, `"1µs"`, `"s"`, `"1m "`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &d), bad)
	}
	assert.Equal(t, "1m0s", exchange.Duration(time.Minute).String())
	assert.Empty(t, d.String())
}
