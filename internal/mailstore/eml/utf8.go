package eml

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// metaUTF8 declares that a page is UTF-8.
const metaUTF8 = `<meta http-equiv="Content-Type" content="text/html; charset=utf-8">`

var statedCharset = regexp.MustCompile(`(?i)(charset\s*=\s*["']?)[^\s;"']+`)

// AsUTF8 returns a page that declares UTF-8 instead of any other charset. A page without
// html and head elements that declares nothing stays as it is.
func AsUTF8(page string) string {
	stated := false
	page = rewritten(page, func(t *html.Token) {
		if t.Data != "meta" {
			return
		}
		for i, a := range t.Attr {
			switch {
			case a.Key == "charset":
				t.Attr[i].Val, stated = "utf-8", true
			case a.Key == "content" && strings.EqualFold(attribute(*t, "http-equiv"), "Content-Type") && statedCharset.MatchString(a.Val):
				t.Attr[i].Val, stated = statedCharset.ReplaceAllString(a.Val, "${1}utf-8"), true
			}
		}
	})
	if stated {
		return page
	}
	return withMeta(page)
}

// withMeta returns the page with metaUTF8 at the beginning of its head.
func withMeta(page string) string {
	before, inside := 0, "" // before is the end of the html start tag
	at := 0
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		at += len(z.Raw())
		if kind != html.StartTagToken {
			continue
		}
		switch name, _ := z.TagName(); string(name) {
		case "head":
			return page[:at] + metaUTF8 + page[at:]
		case "html":
			if inside == "" {
				before, inside = at, "<head>"+metaUTF8+"</head>"
			}
			continue
		case "body":
		default:
			continue
		}
		break
	}
	return page[:before] + inside + page[before:]
}
