package mailstore

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// rendering returns the header fields that differ in the item's MIME because the
// corresponding property has another value.
func (it *Item) rendering() eml.Rendering {
	p, m := it.Properties(), it.Content()
	r := eml.Rendering{Key: []byte(p.Text(TagSearchKey)), Fields: it.ownHeaders()}
	differs := func(name, value string) {
		r.Fields = append(r.Fields, eml.Field{Name: name, Value: value})
	}
	if s := p.Text(TagSubject); s != m.Header("Subject") {
		differs("Subject", s)
	}
	for name, f := range map[string]ews.ExtendedField{"In-Reply-To": TagInReplyTo, "References": TagReferences} {
		if v, set := p[f]; set && v.Value != m.Header(name) {
			differs(name, v.Value)
		}
	}
	if _, set := p[TagImportance]; set && p.Int(TagImportance) != importance(m) {
		differs("Importance", strings.ToLower(it.Importance()))
	}
	if _, set := p[TagSensitivity]; set && p.Int(TagSensitivity) != sensitivity(m) {
		differs("Sensitivity", strings.Replace(it.Sensitivity(), "Confidential", "Company-Confidential", 1))
	}
	slices.SortFunc(r.Fields, func(a, b eml.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// ownHeaders returns the header fields that are set as properties.
func (it *Item) ownHeaders() []eml.Field {
	var fields []eml.Field
	for k, v := range it.Properties() {
		if k.Set == ews.SetInternetHeaders && k.Type == ews.TypeString && validName(v.Field.Name) {
			fields = append(fields, eml.Field{Name: v.Field.Name, Value: v.Value})
		}
	}
	slices.SortFunc(fields, func(a, b eml.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}
