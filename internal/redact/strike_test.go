package redact_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// awkward are passwords with characters that the ways of writing treat specially.
var awkward = []string{
	"s3cr3tPW", "abcd", "pass word", `a"b\c&d<e>f'g`, "100%25", "p%41&amp;x", "ünïcödé", "пароль", "🔑🔑key", "+/=+/=+", "  spaces  ", "&#65;&#66;", `\u0041bcd`,
	"ends with \\", "%", "&", "ü", "abc",
}

func wide(s string) string { return inUTF16(s, binary.LittleEndian) }

func wideBE(s string) string { return inUTF16(s, binary.BigEndian) }

func inUTF16(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// base64Of returns a text in base64, in lines of some length.
func base64Of(s, end string, length int) string {
	var b strings.Builder
	for i, c := range base64.StdEncoding.EncodeToString([]byte(s)) {
		if i > 0 && i%length == 0 {
			b.WriteString(end)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// inMail returns a text in quoted-printable, with a soft line break after every third
// byte.
func inMail(s string) string {
	var b strings.Builder
	for i := range len(s) {
		var one strings.Builder
		w := quotedprintable.NewWriter(&one)
		w.Binary = true
		_, _ = w.Write([]byte(s[i : i+1]))
		_ = w.Close()
		b.WriteString(one.String())
		if i%3 == 2 && i+1 < len(s) {
			b.WriteString("=\r\n")
		}
	}
	return b.String()
}

func latin1(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xFF {
			return s
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// writings are the ways in which a text comes back.
var writings = map[string]func(string) string{
	"plain": func(s string) string { return s },
	"upper": strings.ToUpper,
	"path":  url.PathEscape,
	"query": url.QueryEscape,
	"all": func(s string) string {
		return "%" + strings.ToUpper(strings.Join(pairs(hex.EncodeToString([]byte(s))), "%"))
	},
	"HTML":     html.EscapeString,
	"numbers":  func(s string) string { return each(s, "&#%d;") },
	"hex refs": func(s string) string { return each(s, "&#x%x;") },
	"JSON":     quoted,
	"JSON u":   func(s string) string { return eachUnit(s, `\u%04X`) },
	"ASP":      func(s string) string { return eachUnit(s, "%%u%04x") },
	"XML": func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	},
	"Go":           func(s string) string { return fmt.Sprintf("%+q", s) },
	"hex":          func(s string) string { return hex.EncodeToString([]byte(s)) },
	"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64, wide": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(wide(s))) },
	"base64 in URL": func(s string) string {
		return url.QueryEscape(base64.RawURLEncoding.EncodeToString([]byte("?user=" + s)))
	},
	"base64 at 1": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "yz")) },
	"base64 at 2": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + s + "z")) },
	"Basic":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(`EX\svc:` + s)) },
	"Basic, Latin-1": func(s string) string {
		return html.EscapeString(base64.StdEncoding.EncodeToString([]byte(`EX\svc:` + latin1(s))))
	},
	"UTF-16":           wide,
	"UTF-16BE":         wideBE,
	"base64, UTF-16BE": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + wideBE(s))) },
	"Basic, UTF-16":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(wide(`EX\svc:` + s))) },
	"Basic, UTF-16BE":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(wideBE(`EX\svc:` + s))) },
	"base64, wrapped":  func(s string) string { return base64Of(s, "\r\n ", 5) },
	"Basic, in base64": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(`EX\svc:`+s))))
	},
	"Basic, wrapped":           func(s string) string { return base64Of(`EX\svc:`+s, "\n", 9) },
	"Basic, wrapped, in JSON":  func(s string) string { return quoted(base64Of(`EX\svc:`+s, "\r\n", 9)) },
	"Basic, wrapped, in HTML":  func(s string) string { return base64Of(`EX\svc:`+s, "<br />\n", 9) },
	"Basic, wrapped, in a URL": func(s string) string { return url.QueryEscape(base64Of(`EX\svc:`+s, "\r\n", 9)) },
	"Basic, folded":            func(s string) string { return base64Of(`EX\svc:`+s, " ", 9) },
	"hex, wrapped":             func(s string) string { return strings.Join(pairs(hex.EncodeToString([]byte(s))), "\n  ") },
	"mail":                     inMail,
	"mail, all":                func(s string) string { return "=" + strings.Join(pairs(hex.EncodeToString([]byte(s))), "=") },
	"JSON of mail":             func(s string) string { return quoted(inMail(s)) },
	"mail of HTML":             func(s string) string { return inMail(html.EscapeString(s)) },
	"mail of base64": func(s string) string {
		return inMail(base64.StdEncoding.EncodeToString([]byte("x" + s + "yz")))
	},
	"mail of a URL": func(s string) string { return inMail(url.QueryEscape(s)) },
	"Latin-1":       latin1,
	"JSON of HTML":  func(s string) string { return quoted(html.EscapeString(s)) },
	"HTML of JSON":  func(s string) string { return html.EscapeString(quoted(s)) },
	"path of HTML":  func(s string) string { return url.PathEscape(html.EscapeString(url.QueryEscape(s))) },
}

func pairs(s string) (all []string) {
	for ; s != ""; s = s[2:] {
		all = append(all, s[:2])
	}
	return all
}

func each(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func eachUnit(s, format string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

func TestEveryWriting(t *testing.T) {
	t.Parallel()
	for _, password := range awkward {
		var s redact.Secrets
		s.Add(`EX\svc`, password)
		short := len([]rune(password)) < 4
		for name, write := range writings {
			echo := strings.TrimSuffix(strings.TrimPrefix(strings.Trim(write(password), `"`), "&#34;"), "&#34;")
			if short && (strings.Contains(name, "hex") && name != "hex refs" || strings.Contains(name, "base64")) || len(latin1(password)) < 4 && strings.HasPrefix(name, "Basic, L") {
				continue // such bits occur in any text
			}
			text := "Request headers: Authorization: Basic <" + echo + "> refused"
			got := s.Strike(text)
			assert.NotContains(t, got, echo, "%s of %q", name, password)
			if !short {
				assert.Equal(t, "Request headers: Authorization: Basic <"+redact.Mark+"> refused", trimmed(got), "%s of %q", name, password)
			}
		}
		assert.Equal(t, "The server is busy. Try again later.", s.Strike("The server is busy. Try again later."), password)
	}
}

// trimmed joins neighbouring marks, and drops stray blanks and signs next to one.
func trimmed(s string) string {
	for strings.Contains(s, redact.Mark+redact.Mark) {
		s = strings.ReplaceAll(s, redact.Mark+redact.Mark, redact.Mark)
	}
	head, tail := strings.Index(s, "<"), strings.LastIndex(s, ">")
	if head < 0 || tail < head {
		return s
	}
	inner := s[head+1 : tail]
	if i := strings.Index(inner, redact.Mark); i >= 0 && len(inner)-len(redact.Mark) <= 6 && strings.Trim(strings.Replace(inner, redact.Mark, "", 1), " +%20\x00=?") == "" {
		inner = redact.Mark
	}
	return s[:head+1] + inner + s[tail:]
}

// A secret of one to three characters would be spelt by the gaps.
func TestShortSecrets(t *testing.T) {
	t.Parallel()
	var s redact.Secrets
	s.Add("svc", "abc")
	for _, text := range []string{"password=abc", `{"p":"abc"}`, "abc", "svc:ABC@host", "p=%61bc&x"} {
		assert.NotContains(t, strings.ToLower(s.Strike(text)), "abc")
		assert.Contains(t, s.Strike(text), "too short")
	}
	assert.Equal(t, "the abcissa", s.Strike("the abcissa"), "no word of its own")
	basic := base64.StdEncoding.EncodeToString([]byte("svc:abc"))
	assert.Equal(t, "Basic [redacted] it was", s.Strike("Basic "+basic+" it was"))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlMzY1LmNvbSJ9.c2lnbmF0dXJlLXdpdGgtbWFueS1iaXRz_-x9"
	var s redact.Secrets
	s.AddToken(token)
	for _, echo := range []string{
		base64.StdEncoding.EncodeToString([]byte(token)), base64.RawURLEncoding.EncodeToString([]byte("Bearer " + token)),
		token, token[:60], token[20:], token[40:72], strings.ToLower(token), url.QueryEscape(token), strings.Split(token, ".")[1], strings.Split(token, ".")[2],
	} {
		assert.Equal(t, "Bearer [redacted], it was", s.Strike("Bearer "+echo+", it was"))
	}
	var authorization redact.Secrets
	authorization.AddAuthorization("Bearer " + token)
	authorization.AddAuthorization("Basic " + base64.StdEncoding.EncodeToString([]byte("u:pr0xyPW")))
	assert.Equal(t, "[redacted] and [redacted]", authorization.Strike("pr0xyPW and "+token))
	var bytes redact.Secrets
	response := make([]byte, 48)
	for i := range response {
		response[i] = byte(i * 7)
	}
	bytes.AddBytes(response)
	assert.Equal(t, "[redacted]", bytes.Strike(hex.EncodeToString(response)))
	assert.Equal(t, strings.Repeat("A", 100), bytes.Strike(strings.Repeat("A", 100)))
}

// What is remembered is bounded; the latest stays.
func TestRemembersTheLatest(t *testing.T) {
	t.Parallel()
	var s redact.Secrets
	for i := range 1000 {
		s.Add("svc", fmt.Sprintf("password-%03d", i))
		s.AddToken(fmt.Sprintf("%064x", 1_000_003*(i+1)*(i+7)*1_000_003))
	}
	assert.Equal(t, "[redacted]", s.Strike("password-999"))
	assert.Equal(t, "[redacted]", s.Strike("password-998"))
	assert.Equal(t, "password-000", s.Strike("password-000"))
	long := strings.Repeat("x", 70<<10) + "password-999"
	assert.Less(t, len(s.Strike(long)), 64<<10)
}

type refusal struct{ net.OpError }

func (*refusal) Unauthorized() bool { return true }

func TestErrors(t *testing.T) {
	t.Parallel()
	var s redact.Secrets
	s.Add("svc", "s3cr3tPW")
	fine := errors.New("connection refused")
	assert.Same(t, fine, s.Error(fine))
	require.NoError(t, s.Error(nil))
	cause := &refusal{net.OpError{Op: "remote", Err: os.ErrDeadlineExceeded}}
	err := s.Error(fmt.Errorf("no answer (s3cr3tPW): %w", cause))
	assert.EqualError(t, err, "no answer ([redacted]): remote: i/o timeout")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, unauthorized := errors.AsType[interface {
		error
		Unauthorized() bool
	}](err)
	assert.True(t, unauthorized)
	assert.True(t, (&url.Error{Op: "Post", Err: err}).Timeout())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.NotContains(t, fmt.Sprintf(verb, err), "s3cr3t")
		assert.NotContains(t, fmt.Sprintf(verb, &s), "s3cr3t")
	}
	assert.NoError(t, errors.Unwrap(err), "the chain does not lead to the text")
}

func TestWatch(t *testing.T) {
	t.Parallel()
	ctx, w := redact.Watching(context.Background())
	var below, other redact.Secrets
	below.Add("svc", "s3cr3tPW")
	below.Announce(ctx)
	below.Announce(ctx)
	other.Announce(context.Background()) // nobody watches
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://mail.example.test/", nil)
	require.NoError(t, err)
	req.SetBasicAuth("u", "0ther")
	req.AddCookie(&http.Cookie{Name: "MSISAuth", Value: strings.Repeat("abcdef12", 8)})
	w.SawRequest(req)
	w.SawRequest(nil)
	assert.Equal(t, "[redacted] [redacted] [redacted]", w.Strike("s3cr3tPW 0ther "+strings.Repeat("abcdef12", 4)))
	assert.EqualError(t, w.Error(errors.New("x s3cr3tPW")), "x [redacted]")
}

// A request keeps the password that its transport announced, even after the transport has
// forgotten it.
func TestWatchOfAnOldPassword(t *testing.T) {
	t.Parallel()
	ctx, w := redact.Watching(context.Background())
	var below redact.Secrets
	below.Add("svc", "s3cr3tPW")
	below.Announce(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://mail.example.test/", nil)
	require.NoError(t, err)
	req.SetBasicAuth("svc", "s3cr3tPW")
	w.SawRequest(req)
	for i := range 20 {
		below.Add("svc", fmt.Sprintf("later-%d", i))
	}
	require.Equal(t, "s3cr3tPW", below.Strike("s3cr3tPW"), "it is forgotten")
	assert.Equal(t, "[redacted] [redacted]", w.Strike("s3cr3tPW later-19"))
}

func TestProxyPassword(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("http://u:pr0xyPW@127.0.0.1:1")
	require.NoError(t, err)
	var s redact.Secrets
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mail.example.test/", nil)
	require.NoError(t, err)
	s.AddProxy(new(http.Transport), req)
	s.AddProxy(nil, req)
	s.AddProxy(&http.Transport{Proxy: http.ProxyURL(u)}, req)
	assert.Equal(t, "no [redacted]", s.Strike("no pr0xyPW"))
}

func FuzzStrike(f *testing.F) {
	for _, password := range awkward {
		for _, write := range writings {
			f.Add(password, "x "+write(password)+" y")
		}
	}
	f.Add("pass", `%%%u&#&#x;\u\x\U00110000`+"\x00pass")
	f.Fuzz(func(t *testing.T, password, text string) {
		var s redact.Secrets
		s.Add("svc", password)
		s.AddToken(text)
		got := s.Strike(text + password)
		if len([]rune(password)) >= 4 && len(password) < 1024 && len(text)+len(password) < 32<<10 && !strings.Contains(redact.Mark, strings.ToLower(password)) {
			assert.NotContains(t, got, password)
		}
	})
}
