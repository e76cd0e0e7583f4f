package linkunwrap

import (
	"errors"
	"strings"
)

// refanged returns a URL that people wrote so that nobody can follow it, such as
// hxxps://evil[.]example, as it was before.
func refanged(url string) string {
	url = strings.TrimFunc(url, func(r rune) bool { return r <= ' ' || invisibleAround(r) })
	if bare, ok := strings.CutPrefix(url, "<"); ok {
		url = strings.TrimSuffix(bare, ">")
	}
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
	if changed != url && !strings.Contains(changed, "://") && strings.Contains(changed, ".") {
		return "https://" + strings.TrimLeft(changed, "/") // whoever changed it meant a link
	}
	return changed
}

func invisibleAround(r rune) bool {
	return r == '\u00a0' || r == '\ufeff' || r >= '\u200b' && r <= '\u200f'
}

// defangs are what people write for the characters of a URL.
var defangs = strings.NewReplacer(
	"[://]", "://", "(://)", "://", "{://}", "://", "[:]//", "://", "(:)//", "://", "[:]", ":", "(:)", ":",
	"[/]", "/", "(/)", "/", "[//]", "//", "(//)", "//",
)

// dots are what people write for a dot. Those in hostDots mean one in the host only.
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

// checkHost reports why a URL that is asked for can match nothing, or too much.
func checkHost(p parts) error {
	host := decode(p.host, false)
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") && strings.Count(host, ":") > 1 {
		return nil // IPv6
	}
	switch {
	case strings.Contains(host, "*"):
		return errors.New("has a wildcard in its host; give each host without path, which matches all links to it")
	case strings.ContainsAny(host, " \t"):
		return errors.New("has a blank in its host, so no link can match; leave it out")
	case strings.ContainsAny(host, "()[]{}<>|^\"'`,;:%$!&="):
		return errors.New("has a character in its host that no host has, so no link can match; give it as https://host/path")
	case strings.Contains(strings.TrimRight(host, "."), "..") || strings.HasPrefix(host, "."):
		return errors.New("has a host with an empty label, so no link can match; leave out the dot that is too much")
	}
	return nil
}
