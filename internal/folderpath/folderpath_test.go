package folderpath_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{ // plain, and for XML
		"Projects":     {"Projects", "Projects"},
		"50 % / a|b":   {"50 %25 %2F a%7Cb", "50 %25 %2F a%7Cb"},
		"%2F":          {"%252F", "%252F"},
		"bell\a":       {"bell\a", "bell%07"},
		"no\uFFFFchar": {"no\uFFFFchar", "no%EF%BF%BFchar"},
	} {
		assert.Equal(t, want[0], folderpath.Escape(name))
		assert.Equal(t, want[1], folderpath.EscapeXML(name))
		assert.Equal(t, name, folderpath.Unescape(want[0]))
	}
	assert.Equal(t, []string{"a/b", "c%", "d"}, folderpath.Split("a%2Fb/c%25/d"))
}

// tree returns the folders of a mailbox: root > inbox > "a/b" > c, and deletions next to
// the root.
func tree() folderpath.Tree {
	return folderpath.Tree{
		Nodes: map[string]folderpath.Node{"I": {"Posteingang", "R"}, "A": {"a/b", "I"}, "C": {"c", "A"}, "X": {"x", "Y"}, "Y": {"y", "X"}, "P": {"Plain", "R"}},
		Base:  map[string]string{"R": folderpath.Root, "I": "inbox", "D": "recoverableitemsdeletions"},
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]folderpath.Place{
		"R":       {Path: "/", Base: "msgfolderroot"},
		"I":       {Path: "/Posteingang", Base: "inbox"},
		"C":       {Path: "/Posteingang/a%2Fb/c", Base: "inbox", Below: "a%2Fb/c"},
		"P":       {Path: "/Plain", Base: "msgfolderroot", Below: "Plain"},
		"D":       {Path: "/recoverableitemsdeletions", Base: "recoverableitemsdeletions"},
		"unknown": {Path: "/"},
	} {
		assert.Equal(t, want, tree().Place(id, folderpath.Escape), id)
	}
	circle := tree().Place("X", folderpath.Escape)
	assert.Equal(t, folderpath.MaxDepth, strings.Count(circle.Path, "/"), "a circle ends")
}

func TestWithin(t *testing.T) {
	t.Parallel()
	order := []string{"R", "I", "A", "C", "P", "X"}
	assert.Equal(t, []string{"I", "A", "C"}, tree().Within("I", order))
	assert.Equal(t, []string{"R", "I", "A", "C", "P"}, tree().Within("R", order))
	assert.Equal(t, []string{"gone"}, tree().Within("gone", order))
}

// Whatever a folder is called, its path has one slash per level, and leads back to it.
func FuzzEscape(f *testing.F) {
	for _, name := range []string{"", "a/b|c%d", "%25", "\x01\ufffe", "%7c"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		plain, xml := folderpath.Escape(name), folderpath.EscapeXML(name)
		if strings.ContainsAny(plain+xml, "/|") {
			t.Errorf("%q: %q, %q", name, plain, xml)
		}
		if back := folderpath.Unescape(plain); back != name {
			t.Errorf("%q comes back as %q", name, back)
		}
		if utf8.ValidString(name) && strings.ContainsFunc(xml, xmlwire.Forbidden) {
			t.Errorf("%q: %q is not for XML", name, xml)
		}
	})
}
