package ewstest

import (
	"strconv"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// bodyShape is the form in which a body is returned.
type bodyShape struct {
	kind  string // Text, HTML, or Best or empty: as it is
	safe  bool   // without active content
	block bool   // without images from elsewhere
	blank bool   // links open in their own window
	utf8  bool   // a page declares UTF-8, whatever it was
	most  int    // bytes; 0: all
}

// bodies reads the forms of the bodies. MaximumBodySize is in kilobytes, and applies to
// item:Body only. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemshape.
func (s *itemShape) bodies(n *ewsschema.Node) {
	s.template = n.Child("InlineImageUrlTemplate").Exists()
	form := func(name string) bodyShape {
		kind := n.Value(name)
		if kind == "" {
			kind = n.Value("BodyType")
		}
		return bodyShape{
			kind: kind, safe: n.Bool("FilterHtmlContent", false),
			block: n.Bool("BlockExternalImages", false), blank: n.Bool("AddBlankTargetToLinks", false),
			utf8: n.Bool("ConvertHtmlCodePageToUTF8", true),
		}
	}
	s.body, s.unique, s.normal = form("BodyType"), form("UniqueBodyType"), form("NormalizedBodyType")
	if most, err := strconv.Atoi(n.Value("MaximumBodySize")); err == nil && most > 0 {
		s.body.most = min(most, 1<<20) << 10
	}
}

// suits refuses, for GetItem and GetAttachment, what the shape asks for but ewstest does
// not support for an item.
func (s *itemShape) suits(it *mailstore.Item) *refusal {
	if refused := s.fits(it.Kind()); refused != nil {
		return refused
	}
	return s.imageless(it)
}

// imageless refuses an item whose returned body has inline images, if their addresses
// should be made from a template: Microsoft's pages do not say what a template looks
// like.
func (s *itemShape) imageless(it *mailstore.Item) *refusal {
	if !s.template {
		return nil
	}
	page, html := it.Content().Body()
	if !html || !eml.HasInlineImages(page) {
		return nil
	}
	for uri, form := range map[string]bodyShape{"item:Body": s.body, "item:UniqueBody": s.unique, "item:NormalizedBody": s.normal} {
		if s.fields[itemIndex[uri][0]] && form.kind != "Text" {
			return refuseText("ErrorInvalidOperation", "ewstest does not have InlineImageUrlTemplate for messages with inline images.")
		}
	}
	return nil
}

// form writes the body in a form.
func (w *itemWriter) form(name string, f bodyShape) {
	text, html := w.it.Content().Body()
	w.body(name, text, html, f)
}

// uniqueBody writes the body without the message being answered.
func (w *itemWriter) uniqueBody() {
	text, html := w.it.Content().Unique()
	w.body("t:UniqueBody", text, html, w.shape.unique)
}

func (e *encoder) body(name, text string, html bool, f bodyShape) {
	switch {
	case html && f.kind == "Text":
		text, html = eml.PlainText(text), false
	case !html && f.kind == "HTML":
		text, html = eml.Page(text), true
	case html:
		text = f.page(text)
	}
	kind := "Text"
	if html {
		kind = "HTML"
	}
	e.Open(name)
	e.Attr("BodyType", kind)
	if cut := f.most; cut > 0 && len(text) > cut {
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
		e.Attr("IsTruncated", "true")
	}
	e.Text(text)
	e.Close()
}

// page changes a page as the shape requires.
func (f bodyShape) page(page string) string {
	if f.safe {
		page = eml.SafeHTML(page)
	}
	if f.block {
		page, _ = eml.WithoutImages(page)
	}
	if f.blank {
		page = eml.BlankTargets(page)
	}
	if f.utf8 {
		page = eml.AsUTF8(page)
	}
	return page
}

// blocked reports whether the body is returned without some of its images.
func (w *itemWriter) blocked() bool {
	text, html := w.it.Content().Body()
	if !html || !w.shape.body.block {
		return false
	}
	_, found := eml.WithoutImages(text)
	return found
}

// bodyText returns the body as plain text.
func bodyText(it *mailstore.Item) string {
	text, html := it.Content().Body()
	if html {
		return eml.PlainText(text)
	}
	return text
}
