package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
)

// running is a server that a test has started.
type running struct {
	ready  ready
	stderr *lockedBuffer
	// stop ends the server and returns its exit status.
	stop func() int
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts the server on a free port and waits for its first line.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	r := &running{stderr: &lockedBuffer{}}
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), in, r.stderr)
		in.Close()
	}()
	r.stop = sync.OnceValue(func() int {
		cancel()
		return <-status
	})
	t.Cleanup(func() { r.stop() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err, r.stderr)
	require.NoError(t, json.Unmarshal(line, &r.ready), "the first line is JSON: %q", line)
	return r
}

// client returns a client for the account.
func (r *running) client(t *testing.T, user string) *ews.Client {
	t.Helper()
	base, err := auth.NewTransport(&auth.TransportOptions{RootCAFile: r.ready.CAFile})
	require.NoError(t, err)
	t.Cleanup(base.CloseIdleConnections)
	credential, err := auth.NewCredential(user+"@example.test", user+"-password")
	require.NoError(t, err)
	rt, err := auth.Basic(r.ready.URL, credential, &auth.BasicOptions{Transport: base})
	require.NoError(t, err)
	client, err := ews.NewClient(r.ready.URL, &ews.Options{Transport: rt})
	require.NoError(t, err)
	return client
}

// inbox returns the subjects in an Inbox.
func inbox(t *testing.T, client *ews.Client, mailbox string) []string {
	t.Helper()
	var subjects []string
	for it, err := range client.ForMailbox(mailbox).FindItems(t.Context(), ews.FindItemRequest{
		Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: mailbox}},
		Shape:   ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject, ews.FieldIsRead}},
	}) {
		require.NoError(t, err)
		assert.False(t, it.IsRead)
		subjects = append(subjects, it.Subject)
	}
	return subjects
}

func TestServes(t *testing.T) {
	t.Parallel()
	r := start(t, "-log", "-load", "alice@example.test=../../testdata/mail", "-load", "dora@example.test=../../testdata/mail")
	for _, mailbox := range []string{"alice@example.test", "dora@example.test"} {
		assert.Len(t, inbox(t, r.client(t, "svc"), mailbox), 5)
	}
	assert.Len(t, inbox(t, r.client(t, "alice"), "alice@example.test"), 5)
	assert.Empty(t, r.ready.CAFile)
	members, err := r.client(t, "svc").ExpandDL(t.Context(), ews.Mailbox{EmailAddress: "all-staff@example.test"})
	require.NoError(t, err)
	assert.Len(t, members.Members, 3)
	assert.Zero(t, r.stop())
	assert.Contains(t, r.stderr.String(), "5 messages from ../../testdata/mail are in the Inbox of alice@example.test\n")
	assert.Contains(t, r.stderr.String(), "are in the Inbox of dora@example.test, a mailbox that was created for this", "a name may be mistyped")
	assert.Contains(t, r.stderr.String(), "FindItem", "-log shows the requests")
	assert.NotContains(t, r.stderr.String(), "-password")
	_, err = http.Get(r.ready.URL)
	assert.Error(t, err, "it is gone")
}

func TestServesAScenario(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scenario.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
		"version": "Exchange2019",
		"users": [{"name": "svc"}],
		"mailboxes": [{"address": "eve@example.test", "language": "de"}],
		"fullAccess": [{"user": "svc", "mailbox": "*"}],
		"messages": [{"mailbox": "eve@example.test", "eml": "Subject: Hallo\r\n\r\nHallo"}]
	}`), 0o600))
	r := start(t, "-scenario", file, "-load", "eve@example.test=../../testdata/mail")
	client := r.client(t, "svc")
	assert.Len(t, inbox(t, client, "eve@example.test"), 6)
	assert.Equal(t, 2, client.ForMailbox("eve@example.test").Build().Minor)
	r = start(t, "-scenario", file, "-version", "Exchange2013")
	client = r.client(t, "svc")
	assert.Equal(t, []string{"Hallo"}, inbox(t, client, "eve@example.test"))
	assert.Equal(t, 0, client.ForMailbox("eve@example.test").Build().Minor, "-version takes precedence over the scenario's")
}

func TestServesTLS(t *testing.T) {
	t.Parallel()
	r := start(t, "-tls", "-version", "exchange2010_sp3", "-latency", "1ms")
	client := r.client(t, "svc")
	assert.Empty(t, inbox(t, client, "alice@example.test"))
	assert.Equal(t, 14, client.ForMailbox("alice@example.test").Build().Major)
	_, err := http.Get(r.ready.URL)
	require.Error(t, err, "the default roots do not trust it")
	require.FileExists(t, r.ready.CAFile)
	assert.Zero(t, r.stop())
	assert.NoFileExists(t, r.ready.CAFile)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.txt"), nil, 0o600))
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":             {[]string{"-help"}, 0, "NAME-password"},
		"flag":             {[]string{"-port", "1"}, 2, "-port"},
		"argument":         {[]string{"x"}, 2, `argument "x"`},
		"version":          {[]string{"-version", "5.5"}, 2, "Exchange2016"},
		"auth":             {[]string{"-auth", "basic,kerberos"}, 2, `"kerberos"`},
		"app form":         {[]string{"-auth", "bearer", "-app", "x"}, 2, "ID=FILE"},
		"app alone":        {[]string{"-app", "x=y"}, 2, "-auth bearer"},
		"app no file":      {[]string{"-addr", "127.0.0.1:0", "-auth", "bearer", "-app", "x=" + dir + "/none.cer"}, 1, "none.cer"},
		"app no cert":      {[]string{"-addr", "127.0.0.1:0", "-auth", "bearer", "-app", "x=" + filepath.Join(dir, "x.txt")}, 1, "is not a certificate"},
		"latency":          {[]string{"-latency", "-1s"}, 2, `-latency: ewstest: "-1s" must not be negative`},
		"latency no unit":  {[]string{"-latency", "20"}, 2, "such as 20ms"},
		"latency of none":  {[]string{"-latency", "20ms,GetItems=1s"}, 2, `-latency: ewstest: "GetItems" is not an operation`},
		"throttling":       {[]string{"-throttling", "default,EwsMaxBirst=1"}, 2, "-throttling: ewstest: EwsMaxBirst: is not one of"},
		"throttling alone": {[]string{"-throttling", "EwsMaxBurst=1"}, 2, "-throttling: ewstest: EwsMaxBurst and EwsRechargeRate belong together"},
		"fill":             {[]string{"-fill", "20000"}, 2, "-fill: must be MAILBOXESxMESSAGES, such as 1000x5"},
		"fill none":        {[]string{"-fill", "0x1"}, 2, "-fill: must be MAILBOXESxMESSAGES"},
		"fill too many":    {[]string{"-fill", "1000001x1"}, 2, "-fill: must not be more than 1000000 messages"},
		"targets alone":    {[]string{"-targets", filepath.Join(dir, "t.csv")}, 2, "-targets has no effect without -load or -fill"},
		"targets nowhere":  {[]string{"-addr", "127.0.0.1:0", "-fill", "1x1", "-targets", dir + "/none/t.csv"}, 1, "-targets: open"},
		"load":             {[]string{"-load", "alice"}, 2, "ADDRESS=DIR"},
		"load no address":  {[]string{"-load", "alice=" + dir}, 2, "ADDRESS=DIR"},
		"load no folder":   {[]string{"-addr", "127.0.0.1:0", "-load", "a@example.test=" + dir + "/none"}, 1, "none"},
		"load no message":  {[]string{"-addr", "127.0.0.1:0", "-load", "a@example.test=" + dir}, 1, "no *.eml"},
		"no scenario":      {[]string{"-addr", "127.0.0.1:0", "-scenario", dir + "/none.json"}, 1, "none.json"},
		"bad scenario":     {[]string{"-addr", "127.0.0.1:0", "-scenario", filepath.Join(dir, "x.txt")}, 1, "-scenario"},
		"address":          {[]string{"-addr", "127.0.0.1:99999"}, 2, "from 0 to 65535"},
		"address no port":  {[]string{"-addr", "localhost"}, 2, `"localhost" is not HOST:PORT, such as 127.0.0.1:8080`},
		"address in use":   {[]string{"-addr", taken.Addr().String()}, 1, "port 0 takes any"},
		"address foreign":  {[]string{"-addr", "192.0.2.1:0"}, 1, "an address of this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			assert.Equal(t, tc.status, run(t.Context(), tc.args, &stdout, &stderr))
			assert.Contains(t, stderr.String(), tc.want)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestBrokenOutputEndsIt(t *testing.T) {
	t.Parallel()
	_, in := io.Pipe()
	require.NoError(t, in.CloseWithError(errors.New("gone")))
	assert.Equal(t, 1, run(t.Context(), []string{"-addr", "127.0.0.1:0"}, in, io.Discard))
}
