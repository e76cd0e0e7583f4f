package eml

import (
	"strings"

	"golang.org/x/net/html"
)

// hiddenElements are elements whose content is not text of the page.
var hiddenElements = map[string]bool{"script": true, "style": true, "head": true, "title": true, "noscript": true, "template": true}

// blockElements end a line.
var blockElements = map[string]bool{
	"p": true, "div": true, "br": true, "tr": true, "li": true, "table": true, "blockquote": true, "hr": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true,
}

// PlainText returns the text of HTML, with the addresses of links after them, like servers
// that convert bodies.
func PlainText(page string) string {
	var b strings.Builder
	var links []string
	hidden := 0
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(b.String())
		}
		t := z.Token()
		switch {
		case kind == html.StartTagToken && hiddenElements[t.Data]:
			hidden++
		case kind == html.EndTagToken && hiddenElements[t.Data]:
			hidden = max(0, hidden-1)
		case hidden > 0 && (kind == html.TextToken || t.Data != "body"):
		case kind == html.TextToken:
			text := strings.Join(strings.Fields(t.Data), " ")
			if text != t.Data && text != "" {
				text = edges(t.Data, text)
			}
			b.WriteString(text)
		case kind == html.StartTagToken && t.Data == "a":
			links = append(links, attribute(t, "href"))
		case kind == html.EndTagToken && t.Data == "a" && len(links) > 0:
			if href := links[len(links)-1]; href != "" {
				b.WriteString("<" + href + ">")
			}
			links = links[:len(links)-1]
		case t.Data == "body":
			hidden = 0
		case blockElements[t.Data] && (kind != html.StartTagToken || t.Data == "br" || t.Data == "hr"):
			b.WriteString("\r\n")
		}
	}
}

// edges keeps one blank at each end where the raw text had any.
func edges(raw, text string) string {
	const blanks = " \t\r\n"
	if strings.ContainsAny(raw[:1], blanks) {
		text = " " + text
	}
	if strings.ContainsAny(raw[len(raw)-1:], blanks) {
		text += " "
	}
	return text
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Page returns a text as HTML, like servers that convert bodies.
func Page(text string) string {
	lines := html.EscapeString(strings.ReplaceAll(text, "\r\n", "\n"))
	lines = strings.ReplaceAll(lines, "\n", "<br>\r\n")
	return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body><div class="PlainText">` + lines + `</div></body></html>`
}

// activeElements are left out of filtered HTML, with their content.
var activeElements = map[string]bool{"script": true, "object": true, "embed": true, "applet": true, "iframe": true, "frame": true, "frameset": true}

// SafeHTML returns HTML without active content, as FilterHtmlContent requests.
func SafeHTML(page string) string {
	var b strings.Builder
	inside := ""
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		t := z.Token()
		switch {
		case inside != "":
			if kind == html.EndTagToken && t.Data == inside {
				inside = ""
			}
		case activeElements[t.Data] && kind != html.TextToken:
			if kind == html.StartTagToken && t.Data != "embed" && t.Data != "frame" {
				inside = t.Data
			}
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			kept := t.Attr[:0]
			for _, a := range t.Attr {
				if value := strings.ToLower(strings.TrimSpace(a.Val)); !strings.HasPrefix(a.Key, "on") && !strings.HasPrefix(value, "javascript:") && !strings.HasPrefix(value, "vbscript:") {
					kept = append(kept, a)
				}
			}
			t.Attr = kept
			b.WriteString(t.String())
		default:
			b.WriteString(t.String())
		}
	}
}
