package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// MaxConfigSize is the maximum size of a configuration file, in bytes.
const MaxConfigSize = 4 << 20

// configNamed names a configuration in errors.
func configNamed(name string) string {
	if name == "" {
		return "configuration"
	}
	return fmt.Sprintf("configuration %q", name)
}

// LoadConfig reads a file that contains one configuration as a JSON object. It
// does not check the values, since secrets may still come from elsewhere;
// [Config.Validate] and [Open] do. See [ParseConfig] for what is refused.
func LoadConfig(path string) (*Config, error) {
	return load(path, ParseConfig)
}

// LoadConfigs reads a file that contains one configuration or an array of them.
func LoadConfigs(path string) ([]Config, error) {
	return load(path, ParseConfigs)
}

func load[T any](path string, parse func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(path)
	if err != nil {
		return none, fmt.Errorf("quarantine: configuration: %w", err)
	}
	defer f.Close()
	v, err := parse(f)
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// ParseConfig reads one configuration, a JSON object. It refuses unknown and repeated
// fields (names are case-sensitive), values of the wrong type, and anything after the
// object, with a [*quarantine.InvalidError] that gives the line and column. Since a
// configuration can be printed, it also refuses URLs that contain a password, and keys in
// place of the names of their files. A byte order mark is skipped.
func ParseConfig(r io.Reader) (*Config, error) {
	text, err := readConfig(r)
	if err != nil {
		return nil, err
	}
	if text.first() == '[' {
		return nil, text.errorAt(text.skipSpace(0), "", "is an array, but one configuration is expected; use one object of it, or LoadConfigs")
	}
	configs, err := text.parse()
	if err != nil {
		return nil, err
	}
	return &configs[0], nil
}

// ParseConfigs is like [ParseConfig], but also reads an array of one or more
// configurations.
func ParseConfigs(r io.Reader) ([]Config, error) {
	text, err := readConfig(r)
	if err != nil {
		return nil, err
	}
	return text.parse()
}

// configText is the text of a configuration file.
type configText []byte

func readConfig(r io.Reader) (configText, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxConfigSize+1))
	if err != nil {
		return nil, fmt.Errorf("quarantine: configuration: %w", err)
	}
	if len(b) > MaxConfigSize {
		return nil, &quarantine.InvalidError{What: "configuration", Problem: "is larger than " + strconv.Itoa(MaxConfigSize>>20) + " MiB; check that it is the right file"}
	}
	if bytes.HasPrefix(b, []byte{0xFF, 0xFE}) || bytes.HasPrefix(b, []byte{0xFE, 0xFF}) {
		return nil, &quarantine.InvalidError{What: "configuration", Problem: "is UTF-16; save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)"}
	}
	text := configText(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF")))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, text.errorAt(i, "", "contains a byte that is not UTF-8; save the file as UTF-8")
		}
		i += n
	}
	return text, nil
}

func (t configText) parse() ([]Config, error) {
	if err := t.checkSyntax(); err != nil {
		return nil, err
	}
	if err := t.checkFields(); err != nil {
		return nil, err
	}
	var err error
	configs := make([]Config, 1)
	if t.first() == '[' {
		err = json.Unmarshal(t, &configs)
	} else {
		err = json.Unmarshal(t, &configs[0])
	}
	if err != nil {
		return nil, driver.Invalid("configuration", "", "cannot be read: "+err.Error())
	}
	for i := range configs {
		if err := configs[i].refuseUserInformation(); err != nil {
			return nil, err
		}
		if err := configs[i].refuseContent(); err != nil {
			return nil, err
		}
	}
	return configs, nil
}

// checkSyntax refuses anything but one JSON value. A json.Decoder finds the same
// errors, but not where they are.
func (t configText) checkSyntax() error {
	e, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(t, new(json.RawMessage)))
	if !ok {
		return nil
	}
	offset := int(e.Offset) - 1 // Offset includes the offending byte
	switch {
	case strings.Contains(e.Error(), "unexpected end"):
		return t.errorAt(len(t), "", "is not JSON: it ends too early; look for a missing brace, bracket or quotation mark")
	case strings.Contains(e.Error(), "after top-level value"):
		return t.errorAt(offset, "", "is followed by other text; remove it")
	}
	return t.errorAt(offset, "", "is not JSON: "+t.mistake(offset, e.Error()))
}

// mistake describes what is wrong at an offset, with a remedy for common mistakes.
func (t configText) mistake(offset int, text string) string {
	if offset >= len(t) {
		return text
	}
	r, _ := utf8.DecodeRune(t[offset:])
	text = strings.Replace(text, string(rune(t[offset])), string(r), 1) // encoding/json shows one byte of it
	switch {
	case strings.ContainsRune("'`‘’“”„«»", r):
		return `texts stand in straight double quotation marks (")`
	case r == '/' || r == '#':
		return text + "; JSON has no comments"
	case (r == '}' || r == ']') && strings.HasSuffix(strings.TrimSpace(string(t[:offset])), ","):
		return text + "; remove the comma before it"
	case strings.Contains(text, "escape code"):
		return text + "; write a backslash twice"
	}
	return text
}

func (t configText) errorAt(offset int, field, problem string) error {
	before := string(t[:min(max(offset, 0), len(t))])
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return driver.Invalid(fmt.Sprintf("configuration, line %d, column %d", line, column), field, problem)
}

// skipSpace returns the offset of the first byte at or after offset that is
// neither white space nor a JSON separator.
func (t configText) skipSpace(offset int) int {
	for offset < len(t) && strings.IndexByte(" \t\r\n,:", t[offset]) >= 0 {
		offset++
	}
	return offset
}

// first returns the first byte that is not white space, or 0.
func (t configText) first() byte {
	if i := t.skipSpace(0); i < len(t) {
		return t[i]
	}
	return 0
}
