package linkunwrap

import (
	"errors"
	"html"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// refanged returns the original of a defanged URL, one written so that nobody can
// follow it, such as hxxps://evil[.]example.
func refanged(url string) string {
	url = unpasted(url)
	changed := defangs.Replace(url)
	changed = unbracket(changed)
	scheme, rest, ok := strings.Cut(changed, ":")
	if ok && !strings.Contains(scheme, ".") {
		switch lower := strings.ToLower(strings.Trim(scheme, "[](){} ")); lower {
		case "hxxp", "hxxps", "h**p", "h**ps", "hxtp", "htxp", "htxps", "hxtps", "htp", "http", "https", "fxp", "ftp", "meow", "h__p", "h__ps", "hppt", "hppts":
			standard := "http"
			switch {
			case lower[0] == 'f':
				standard = "ftp"
			case strings.HasSuffix(lower, "s"):
				standard = "https"
			}
			return standard + ":" + rest
		}
		return changed
	}
	if bare := strings.TrimLeft(changed, "/"); !strings.Contains(changed, "://") && looksLikeHost(bare) {
		return "https://" + bare // a link was meant, even if its scheme was left out or the rest changed
	}
	return changed
}

// looksLikeHost reports whether a text without a scheme begins with a host, or with a
// notation for several hosts, which is refused later with a better reason.
func looksLikeHost(s string) bool {
	host := s[:hostEnd(s)]
	return strings.Contains(strings.Trim(host, "."), ".") && !strings.ContainsAny(host, "@ ")
}

// unpasted returns a URL without what surrounded it where it was copied from, and
// without the escapes of HTML, JSON and other URLs.
func unpasted(url string) string {
	around := func(r rune) bool { return r <= ' ' || invisibleAround(r) }
	url = strings.TrimFunc(url, around)
	if label, rest, ok := strings.Cut(url, ":"); ok && (strings.EqualFold(label, "url") || strings.EqualFold(label, "link")) {
		url = strings.TrimFunc(rest, around)
	}
	if strings.HasPrefix(url, "[") && strings.Contains(url, "](") { // Markdown
		_, target, _ := strings.Cut(url, "](")
		url = strings.TrimSuffix(target, ")")
	}
	if lower := strings.ToLower(url[:min(len(url), 16)]); strings.Contains(lower, "%3a%2f%2f") {
		url = decode(url, false)
	}
	if strings.Contains(url, "&amp;") || strings.Contains(url, "&#") {
		url = html.UnescapeString(url)
	}
	url = strings.ReplaceAll(url, `\/`, "/")
	for before := ""; before != url; {
		before = url
		for _, q := range []string{"<>", "()", "{}", `""`, "''", "``", "“”", "‘’", "«»"} {
			r := []rune(q)
			if inner, ok := strings.CutPrefix(url, string(r[0])); ok {
				url = strings.TrimSuffix(inner, string(r[1]))
			}
		}
		url = strings.TrimRight(url, " .,;!&>\"'`\\")
		for _, q := range []string{"()", "[]", "{}"} {
			if strings.HasSuffix(url, q[1:]) && strings.Count(url, q[:1]) < strings.Count(url, q[1:]) {
				url = url[:len(url)-1]
			}
		}
	}
	return strings.TrimSuffix(url, "/*") // links to paths below match anyhow
}

func invisibleAround(r rune) bool {
	return r == '\u00a0' || r == '\ufeff' || r >= '\u200b' && r <= '\u200f'
}

// defangs undoes what people write instead of the punctuation of a URL.
var defangs = strings.NewReplacer(
	"[://]", "://", "(://)", "://", "{://}", "://", "[:]//", "://", "(:)//", "://", "[:]", ":", "(:)", ":",
	"[/]", "/", "(/)", "/", "[//]", "//", "(//)", "//",
)

// dots and hostDots undo what people write instead of a dot. The forms in hostDots mean a
// dot only in the host.
var (
	dots = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "<.>", ".", "[,]", ".",
		"[dot]", ".", "(dot)", ".", "{dot}", ".", "[DOT]", ".", "(DOT)", ".", "{DOT}", ".", "[Dot]", ".", "(Dot)", ".", "{Dot}", ".")
	hostDots = strings.NewReplacer(" . ", ".", " dot ", ".", " DOT ", ".", "[.", ".", ".]", ".", "(.", ".", ".)", ".", `\.`, ".", "\u3002", ".", "\uff0e", ".")
)

// unbracket puts the dots back.
func unbracket(url string) string {
	url = dots.Replace(url)
	end := hostEnd(url)
	return hostDots.Replace(url[:end]) + url[end:]
}

// hostEnd returns where the host of a URL ends.
func hostEnd(url string) int {
	begin := 0
	if i := strings.Index(url, "://"); i >= 0 {
		begin = i + len("://")
	}
	if i := strings.IndexAny(url[begin:], "/?#"); i >= 0 {
		return begin + i
	}
	return len(url)
}

// checkHost returns an error if a URL that is asked for can match nothing, or too much.
func checkHost(p parts) error {
	host := norm.NFKC.String(decode(p.host, false))
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") && strings.Count(host, ":") > 1 {
		return nil // IPv6
	}
	switch {
	case strings.Contains(p.path, " (") || strings.Contains(p.query, " ("):
		return errors.New("has text behind it; leave that out")
	case strings.HasSuffix(p.path, "*") && p.query == "" || strings.HasSuffix(p.query, "*"):
		return errors.New("ends in a wildcard; leave it out: links to paths below, and with more in their query, match")
	case strings.Contains(host, "*"):
		return errors.New("has a wildcard in its host; give each host without path, which matches all links to it")
	case strings.ContainsAny(host, " \t"):
		return errors.New("has a blank in its host, so no link can match; leave it out")
	case strings.ContainsAny(host, "()[]{}<>|^\"'`,;:%$!&=/\\?#@\x00"):
		return errors.New("has a character in its host that no host has, so no link can match; give it as https://host/path")
	case strings.Contains(strings.TrimRight(host, "."), "..") || strings.HasPrefix(host, "."):
		return errors.New("has a host with an empty label, so no link can match; leave out the dot that is too much")
	}
	return nil
}
