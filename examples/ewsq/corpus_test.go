package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
)

var oneByOne = flag.Bool("one-by-one", false, "TestCorpus: run ewsq separately for each Message-ID, and look at the mailbox in between")

// TestCorpus uses the programs as an operator does: every message with a Message-ID is found,
// quarantined, listed and restored. Afterwards each is back, unread as before and with the
// same MIME, byte for byte. The messages are our own and, with -whole, those of the shared
// corpus if it is next to the repository. With -one-by-one, each access is tested, otherwise
// only one.
func TestCorpus(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	boxes := map[string]string{"carol@example.test": filepath.Join(root, "testdata", "mail")}
	for address, name := range map[string]string{"alice@example.test": "mail-gem", "bob@example.test": "mimekit"} {
		dir := filepath.Join(root, "..", "shared", "corpus", name)
		if _, err := os.Stat(dir); err == nil && (*whole || *oneByOne) {
			boxes[address] = dir
		}
	}
	for _, access := range []string{"impersonation", "fullAccess"} {
		if access == "fullAccess" && !*oneByOne {
			continue
		}
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			url := served{load: boxes}.start(t).URL
			r := runner{t, itself(t), configFor(t, url, access)}
			for address, dir := range boxes {
				before := contents(t, url, address, true)
				ids := map[string]int{}
				for s, n := range before {
					ids[s.messageID] += n
				}
				withoutID := ids[""]
				delete(ids, "")
				t.Logf("%s: %d messages of %s, %d different Message-IDs, %d without", address, total(before), filepath.Base(dir), len(ids), withoutID)
				require.NotEmpty(t, ids)
				if *oneByOne {
					for id, copies := range ids {
						r.roundTrip(map[string]int{id: copies}, url, address)
					}
				} else {
					r.roundTrip(ids, url, address)
				}
				assert.Equal(t, before, contents(t, url, address, true))
			}
			assert.Empty(t, contents(t, url, "quarantine@example.test", true))
			assert.Empty(t, r.run(exitDone, "list"))
		})
	}
}

// checkout returns the folder of go.mod.
func checkout(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, filepath.Dir(dir), dir, "there is no go.mod above")
		dir = filepath.Dir(dir)
	}
}

// asProgram turns the test binary into the program under test: linking a separate one takes
// longer than most of the tests.
const asProgram = "EWSQ_TEST_AS_PROGRAM"

// itself returns the path of the program. Processes started from it inherit the environment.
func itself(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// binaries is the folder that the server is built into.
var binaries string

// programs builds the server, once for all tests that need it.
var programs = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binaries, "../exchange").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
})

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	if err := os.Setenv(asProgram, "1"); err != nil {
		panic(err)
	}
	// Most tests wait for a lease or for another process. The flag -parallel, which is parsed
	// later, takes precedence.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	debug.SetGCPercent(400) // saves time, and the tests need little memory
	dir, err := os.MkdirTemp("", "ewsq-test-")
	if err != nil {
		panic(err)
	}
	binaries = dir
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// build returns the folder of the built server.
func build(t *testing.T) string {
	t.Helper()
	require.NoError(t, programs())
	return binaries
}

// ready is the first line of examples/exchange.
type ready struct{ URL, CAFile, Authority, TenantID, Config string }

// serveWith runs examples/exchange with the arguments.
func serveWith(t *testing.T, bin string, args ...string) ready {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "exchange"), append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "a signal ends it with status 0")
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err)
	var first ready
	require.NoError(t, json.Unmarshal(line, &first))
	return first
}

func configFor(t *testing.T, url, access string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"ewsUrl": url, "quarantineMailbox": "quarantine@example.test", "access": access, "searchLag": "1ms",
		"authentication": map[string]string{"type": "basic", "username": `EXAMPLE\svc`, "password": "svc-password"},
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "ewsq.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// seen is a message as its owner's client sees it.
type seen struct {
	folder, messageID, subject, class, received string
	read                                        bool
	mime                                        [sha256.Size]byte
}

// state counts how often each message is seen.
type state map[seen]int

func total(s state) int {
	n := 0
	for _, count := range s {
		n += count
	}
	return n
}

// contents reads a whole mailbox as its owner, the MIME of its messages only if
// whole is set.
func contents(t *testing.T, url, address string, whole bool) state {
	t.Helper()
	name, _, _ := strings.Cut(address, "@")
	credential, err := auth.NewCredential(address, name+"-password")
	require.NoError(t, err)
	base, err := auth.NewTransport(nil)
	require.NoError(t, err)
	defer base.CloseIdleConnections()
	rt, err := auth.Basic(url, credential, &auth.BasicOptions{Transport: base})
	require.NoError(t, err)
	client, err := ews.NewClient(url, &ews.Options{Transport: rt})
	require.NoError(t, err)

	found := state{}
	for folder, err := range client.FindFolders(t.Context(), ews.FindFolderRequest{
		Parent: ews.DistinguishedFolder{Name: ews.FolderMsgFolderRoot}, Traversal: ews.FolderDeep,
		Shape: ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName, ews.FieldFolderTotalCount}},
	}) {
		require.NoError(t, err)
		if folder.TotalCount == 0 {
			continue
		}
		for it, err := range client.FindItems(t.Context(), ews.FindItemRequest{
			Folders: []ews.FolderRef{folder.ID},
			Shape: ews.ItemShape{Properties: []ews.PropertyPath{
				ews.FieldInternetMessageID, ews.FieldIsRead, ews.FieldSubject, ews.FieldItemClass, ews.FieldDateTimeReceived,
			}},
		}) {
			require.NoError(t, err)
			one := seen{
				folder: folder.DisplayName, messageID: it.InternetMessageID, subject: it.Subject, class: it.Class,
				received: it.Received.String(), read: it.IsRead,
			}
			if whole {
				one.mime = digest(t, client, it.ID)
			}
			found[one]++
		}
	}
	return found
}

func digest(t *testing.T, client *ews.Client, id ews.ItemID) [sha256.Size]byte {
	t.Helper()
	m, err := client.OpenMIME(t.Context(), id)
	require.NoError(t, err)
	defer m.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, m)
	require.NoError(t, err)
	return [sha256.Size]byte(hash.Sum(nil))
}

// runner runs the built ewsq.
type runner struct {
	t      *testing.T
	ewsq   string
	config string
}

// run returns the result lines.
func (r runner) run(status int, args ...string) []map[string]any {
	r.t.Helper()
	out := r.ran(append([]string{"-config", r.config}, args...))
	require.Equal(r.t, status, out.status, "%q: %s", args, out.stderr)
	var lines []map[string]any
	for line := range strings.Lines(out.stdout) {
		var m map[string]any
		require.NoError(r.t, json.Unmarshal([]byte(line), &m), "%q", line)
		lines = append(lines, m)
	}
	return lines
}

// ran runs the command line in this process, or with -whole as a program.
func (r runner) ran(args []string) ran {
	r.t.Helper()
	if !*whole {
		return (&bundle{}).bareText(r.t, args...)
	}
	cmd := exec.CommandContext(r.t.Context(), r.ewsq, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the caller looks at the status
	return ran{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// roundTrip takes Message-IDs, given with their numbers of copies, through all
// commands.
func (r runner) roundTrip(ids map[string]int, url, address string) {
	r.t.Helper()
	var targets bytes.Buffer
	for id := range ids {
		require.NoError(r.t, json.NewEncoder(&targets).Encode(map[string]string{"mailbox": address, "message_id": id}))
	}
	file := filepath.Join(r.t.TempDir(), "targets.jsonl")
	require.NoError(r.t, os.WriteFile(file, targets.Bytes(), 0o600))
	before := contents(r.t, url, address, false)
	all := func(outcome string, args ...string) {
		r.t.Helper()
		lines := r.run(exitDone, append(args, "-targets", file)...)
		require.Len(r.t, lines, len(ids))
		for _, line := range lines {
			id, _ := line["messageId"].(string)
			require.Equal(r.t, outcome, line["outcome"], "%q of %q: %v", args, id, line["error"])
			require.InDelta(r.t, ids[id], line["copies"], 0, "%q of %q", args, id)
		}
	}
	all("found", "find")
	all("quarantined", "quarantine", "-reason", "corpus")
	listed := map[string]int{}
	for _, line := range r.run(exitDone, "list", "-mailbox", address) {
		id, _ := line["messageId"].(string)
		listed[id]++
	}
	require.Equal(r.t, ids, listed)
	for s := range contents(r.t, url, address, false) {
		require.NotContains(r.t, ids, s.messageID, "still in the mailbox")
	}
	all("restored", "restore")
	require.Equal(r.t, before, contents(r.t, url, address, false), "after %v", ids)
}
