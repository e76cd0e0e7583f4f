package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
)

// formCookie holds the token that a confirmation form must repeat: a page on another
// website can make a browser send the cookie, but cannot read it.
const formCookie = "quarantined-form"

// formToken returns the token that the form on a page must repeat, and has the browser keep
// it.
func (p *pages) formToken(w http.ResponseWriter, r *http.Request) string {
	token := rand.Text()
	if c, err := r.Cookie(formCookie); err == nil && len(c.Value) == len(token) {
		token = c.Value // forms in other tabs stay valid
	}
	http.SetCookie(w, &http.Cookie{Name: formCookie, Value: token, Path: "/", HttpOnly: true, Secure: p.settings.UserHeader != "", SameSite: http.SameSiteStrictMode})
	return token
}

// checkForm refuses a form that is not from one of these pages.
func checkForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	cookie, err := r.Cookie(formCookie)
	if sent := r.PostFormValue("token"); err != nil || sent == "" || subtle.ConstantTimeCompare([]byte(sent), []byte(cookie.Value)) == 0 {
		return &problem{Status: http.StatusForbidden, Detail: "the form is not one of this page, or the browser has not kept its cookie; go back, reload the page, and confirm again"}
	}
	return nil
}
