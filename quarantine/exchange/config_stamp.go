package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Bounds of what can be set for stamps.
const (
	minStampKey     = 16       // characters
	maxStampKeyFile = 64 << 10 // bytes
	maxSearchLag    = Duration(time.Hour)
	minWriteDoubt   = Duration(5 * time.Second)
	maxWriteDoubt   = Duration(24 * time.Hour)
	// The defaults of package quarantine, to compare the two settings.
	usualSearchLag  = Duration(time.Minute)
	usualWriteDoubt = Duration(15 * time.Minute)
)

// stamps checks the settings for messages that are on their way.
func (v *configCheck) stamps(c *Config) {
	switch {
	case c.SearchLag < 0:
		v.problem("searchLag", "is negative; leave it out for the default")
	case c.SearchLag > maxSearchLag:
		v.problem("searchLag", "is longer than an hour; use how long a search may not show what was written, such as \"60s\"")
	}
	switch {
	case c.WriteDoubt < 0:
		v.problem("writeDoubt", "is negative; leave it out for the default")
	case c.WriteDoubt > 0 && c.WriteDoubt < minWriteDoubt:
		v.problem("writeDoubt", "is shorter than 5 seconds, too little time to send a message; use \"15m\", or leave it out")
	case c.WriteDoubt > maxWriteDoubt:
		v.problem("writeDoubt", "is longer than a day; use how long a request may still take effect, such as \"15m\"")
	case or(c.SearchLag, usualSearchLag) > or(c.WriteDoubt, usualWriteDoubt) && c.SearchLag <= maxSearchLag:
		v.problem("writeDoubt", "is shorter than searchLag; raise it, or lower searchLag")
	}
	switch {
	case c.MarkWait < 0:
		v.problem("markWait", "is negative; leave it out for no wait")
	case c.MarkWait > or(c.WriteDoubt, usualWriteDoubt)/5 && c.WriteDoubt >= 0:
		v.problem("markWait", "is longer than a fifth of writeDoubt; raise writeDoubt, or lower markWait")
	}
	if !c.StampKey.IsZero() {
		if problem := keyProblem(c.StampKey.Reveal()); problem != "" {
			v.problem("stampKey", problem+"; it can also come from "+c.envNames(EnvStampKey))
		} else if c.StampKeyFile != "" {
			v.problem("stampKeyFile", "is set, and so is stampKey; make that key the first line of the file, and remove stampKey")
		}
	}
	v.file("stampKeyFile", c.StampKeyFile)
	if c.LeaveRecoverable && c.SweepRecoverableItems {
		v.problem("sweepRecoverableItems", "contradicts leaveRecoverable; remove sweepRecoverableItems, which has no effect any more, and keep leaveRecoverable only if users may recover what is taken from them")
	}
}

func or(d, otherwise Duration) Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// keyProblem returns what is wrong with a key, without quoting it.
func keyProblem(key string) string {
	switch {
	case !oneLine(key):
		return "contains a line break, another control character or bytes that are not UTF-8; use one line of text, such as 32 random bytes in base64"
	case key != strings.TrimSpace(key):
		return "begins or ends with white space; remove it"
	case utf8.RuneCountInString(key) < minStampKey:
		return "is shorter than " + strconv.Itoa(minStampKey) + " characters; use 32 random bytes in base64 (openssl rand -base64 32)"
	}
	return ""
}

// stampKeysTime is how long StampKeysFunc may take.
const stampKeysTime = time.Minute

// stampKeys returns the keys to use: those of the options, or else those of the
// configuration.
func (o *Options) stampKeys(c *Config) ([][]byte, error) {
	switch {
	case o.StampKeysFunc == nil && len(o.StampKeys) == 0:
		return c.ReadStampKeys()
	case o.StampKeysFunc == nil:
		return o.StampKeys, nil
	case len(o.StampKeys) > 0:
		return nil, driver.Invalid("options", "StampKeysFunc", "is set, and so is StampKeys; set only one of them")
	}
	// Open takes no context, since it contacts no server. It does ask a key store here,
	// once, so that gets a time limit: a store that hangs must not hang Open.
	ctx, cancel := context.WithTimeout(context.Background(), stampKeysTime)
	defer cancel()
	keys, err := o.StampKeysFunc(ctx)
	if err != nil {
		return nil, fmt.Errorf("options: StampKeysFunc: %w", err)
	}
	if len(keys) == 0 {
		return nil, driver.Invalid("options", "StampKeysFunc", "returned no key; return the one to seal with first, or leave it out")
	}
	return keys, nil
}

// ReadStampKeys returns the keys in StampKey or StampKeyFile, which it reads; the key that
// seals is the first. There are none if neither is set. The error gives the line of the
// file that cannot be used, without quoting it.
func (c *Config) ReadStampKeys() ([][]byte, error) {
	if !c.StampKey.IsZero() {
		return [][]byte{[]byte(c.StampKey.Reveal())}, nil
	}
	if c.StampKeyFile == "" {
		return nil, nil
	}
	f, err := os.Open(c.StampKeyFile)
	if err != nil {
		return nil, fmt.Errorf("stampKeyFile: %w; correct the path, or let this account read the file", withoutPath(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxStampKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("stampKeyFile: %w; set it to the path of a file that this account can read", withoutPath(err))
	}
	refuse := func(problem string) ([][]byte, error) {
		return nil, driver.Invalid(configNamed(c.Name), "stampKeyFile", problem)
	}
	if len(text) > maxStampKeyFile {
		return refuse("is larger than " + strconv.Itoa(maxStampKeyFile>>10) + " KiB; check that it is the right file: it has one key a line")
	}
	var keys [][]byte
	number := 0
	for line := range strings.SplitSeq(string(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))), "\n") {
		number++
		key := strings.TrimSpace(line)
		if key == "" {
			continue
		}
		if problem := keyProblem(key); problem != "" {
			return refuse(fmt.Sprintf("has a key in line %d that %s", number, problem))
		}
		keys = append(keys, []byte(key))
	}
	if len(keys) == 0 {
		return refuse("has no key; write one key a line, the one to seal with first (openssl rand -base64 32)")
	}
	return keys, nil
}
