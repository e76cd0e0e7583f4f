package eml_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func TestPagesSayThatTheyAreUTF8(t *testing.T) {
	t.Parallel()
	const meta = `<meta http-equiv="Content-Type" content="text/html; charset=utf-8">`
	for page, want := range map[string]string{
		`<b>Hi</b>`:                   `<b>Hi</b>`,
		``:                            ``,
		`<body>Hi</body>`:             `<body>Hi</body>`,
		`<html><body>Hi`:              `<html><head>` + meta + `</head><body>Hi`,
		"<!doctype html>\n<HTML>Hi":   "<!doctype html>\n<HTML><head>" + meta + "</head>Hi",
		`<html><head><title>a`:        `<html><head>` + meta + `<title>a`,
		`<HEAD class="a">b`:           `<HEAD class="a">` + meta + `b`,
		`<html><body><head>`:          `<html><head>` + meta + `</head><body><head>`,
		`<head><meta charset=koi8-r>`: `<head><meta charset="utf-8">`,
		`<head><meta name="a" content="charset=x">`:                                                 `<head>` + meta + `<meta name="a" content="charset=x">`,
		`<head><meta http-equiv=content-type content="text/html; charset=iso-8859-1"></head>`:       `<head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>`,
		`<head><META content='text/html; charset="Windows-1252"' http-equiv="Content-Type"></head>`: `<head><meta content="text/html; charset=&#34;utf-8&#34;" http-equiv="Content-Type"></head>`,
	} {
		assert.Equal(t, want, eml.AsUTF8(page), page)
		assert.Equal(t, want, eml.AsUTF8(want), "once is enough")
	}
}
