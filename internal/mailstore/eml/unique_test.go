package eml_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func TestUniqueBody(t *testing.T) {
	t.Parallel()
	const answer = "In-Reply-To: <1@x.example>\r\n\r\n"
	const page = "References: <1@x.example>\r\nContent-Type: text/html\r\n\r\n"
	for raw, want := range map[string]string{
		"\r\nhi\r\n> you":      "hi\r\n> you",
		answer + "hi\r\nthere": "hi\r\nthere",
		answer + "hi\r\n\r\n-----Original Message-----\r\nFrom: Bob\r\nold":              "hi",
		answer + "hi\r\n________________________________\r\nFrom: Bob\r\nSent: x\r\nold": "hi",
		answer + "hi\r\nFrom: Bob\r\nSent: x\r\nold":                                     "hi",
		answer + "hi\r\nFrom: here it is far":                                            "hi\r\nFrom: here it is far",
		answer + "hi\r\n\r\nOn Monday, Bob wrote:\r\n\r\n> old\r\n":                      "hi",
		answer + "> old\r\nhi\r\n> older\r\n\r\n>> oldest":                               "> old\r\nhi",
		answer + "hi\r\nOn Monday Bob wrote:\r\nthat":                                    "hi\r\nOn Monday Bob wrote:\r\nthat",
		page + "<html><body><p>hi<br></p><div id=\"divRplyFwdMsg\">old</div></body>":     "<html><body><p>hi<br></p></body></html>",
		page + "<div>hi<div class=\"x gmail_quote\">old</div></div>":                     "<div>hi</div>",
		page + "<p>hi</p><blockquote type=\"cite\">old</blockquote>":                     "<p>hi</p>",
		page + "<p>hi</p><blockquote>a poem</blockquote>":                                "<p>hi</p><blockquote>a poem</blockquote>",
	} {
		got, _ := eml.Parse([]byte(raw)).Unique()
		assert.Equal(t, want, got, raw)
	}
}

func TestImagesAndTargets(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`<img src="http://x.example/a.png" alt="a">`:                       `<img alt="a">`,
		`<img src="//x.example/a.png">`:                                    `<img>`,
		`<img src="cid:a@x">`:                                              `<img src="cid:a@x">`,
		`<td background='HTTPS://x.example/a' width=1>x`:                   `<td width="1">x`,
		`<p style="color: red; background: url( 'https://x.example/a' )">`: `<p style="color: red; background: none">`,
		`<a href=http://x.example>&amp; a</a>`:                             `<a href=http://x.example>&amp; a</a>`,
	} {
		got, found := eml.WithoutImages(page)
		assert.Equal(t, want, got)
		assert.Equal(t, page != got, found, page)
	}
	for page, want := range map[string]string{
		`<a href="http://x.example">a</a><a name="b">`: `<a href="http://x.example" target="_blank">a</a><a name="b">`,
		`<a target=_self href=x>a</a>`:                 `<a target="_blank" href="x">a</a>`,
		`<b>&lt;a href=x&gt;</b>`:                      `<b>&lt;a href=x&gt;</b>`,
	} {
		assert.Equal(t, want, eml.BlankTargets(page))
	}
}

func FuzzUnique(f *testing.F) {
	f.Add([]byte("References: a\nContent-Type: text/html\n\n<p>a<div class=gmail_quote>b"))
	f.Add([]byte("References: a\n\na\n> b\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := eml.Parse(raw)
		whole, html := m.Body()
		unique, same := m.Unique()
		if html != same || !html && len(unique) > len(whole) {
			t.Errorf("%q became %q", whole, unique)
		}
		blocked, _ := eml.WithoutImages(whole)
		if again, found := eml.WithoutImages(blocked); found {
			t.Errorf("images are left in %q: %q", blocked, again)
		}
		_ = eml.BlankTargets(whole)
	})
}
