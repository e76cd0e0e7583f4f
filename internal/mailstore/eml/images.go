package eml

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// imageSources are the attributes that refer to an image of a page.
var imageSources = map[string]bool{"src": true, "background": true, "srcset": true, "poster": true}

var externalURL = regexp.MustCompile(`(?i)^\s*(https?:|ftp:)?//`)

var styleURL = regexp.MustCompile(`(?i)url\(\s*['"]?\s*((https?:|ftp:)?//[^)]*)\)`)

// WithoutImages returns a page that loads no images from elsewhere, and whether there
// were any. Images that are parts of the message stay.
func WithoutImages(page string) (blocked string, found bool) {
	blocked = rewritten(page, func(t *html.Token) {
		kept := t.Attr[:0]
		for _, a := range t.Attr {
			switch {
			case imageSources[a.Key] && (externalURL.MatchString(a.Val) || a.Key == "srcset"):
				found = true
				continue
			case a.Key == "style" && styleURL.MatchString(a.Val):
				found = true
				a.Val = styleURL.ReplaceAllString(a.Val, "none")
			}
			kept = append(kept, a)
		}
		t.Attr = kept
	})
	return blocked, found
}

var inlineURL = regexp.MustCompile(`(?i)^\s*cid:`)

var inlineStyle = regexp.MustCompile(`(?i)url\(\s*['"]?\s*cid:`)

// HasInlineImages reports whether a page shows images that are parts of the message.
func HasInlineImages(page string) bool {
	found := false
	rewritten(page, func(t *html.Token) {
		for _, a := range t.Attr {
			found = found || imageSources[a.Key] && inlineURL.MatchString(a.Val) || a.Key == "style" && inlineStyle.MatchString(a.Val)
		}
	})
	return found
}

// BlankTargets returns a page whose links open in their own window.
func BlankTargets(page string) string {
	return rewritten(page, func(t *html.Token) {
		if t.Data != "a" || attribute(*t, "href") == "" {
			return
		}
		for i, a := range t.Attr {
			if a.Key == "target" {
				t.Attr[i].Val = "_blank"
				return
			}
		}
		t.Attr = append(t.Attr, html.Attribute{Key: "target", Val: "_blank"})
	})
}

// rewritten returns a page with the change applied to all of its start tags.
func rewritten(page string, change func(*html.Token)) string {
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.Write(z.Raw())
			continue
		}
		raw := string(z.Raw())
		t := z.Token()
		before := t.String()
		change(&t)
		if after := t.String(); after != before {
			raw = after
		}
		b.WriteString(raw)
	}
}
