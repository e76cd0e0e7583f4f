package mailstore_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func stampField(name string) ews.ExtendedField {
	return ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: name, Type: ews.TypeString}
}

// term is a lookup, described independently of the index.
type term struct {
	key  ews.ExtendedField
	text *string // nil: any
}

func (m term) lookup(t *testing.T) mailstore.Lookup {
	l, ok := mailstore.Having(m.key)
	if m.text != nil {
		l, ok = mailstore.Equal(m.key, *m.text)
	}
	require.True(t, ok)
	return l
}

func (m term) finds(it *mailstore.Item) bool {
	v, ok := it.Property(m.key)
	return ok && (m.text == nil || strings.EqualFold(v.Value, *m.text))
}

var whole = flag.Bool("whole", false, "TestEach: four histories, not two")

// However items arrive, change and leave, the folders hold them in order of arrival, and a
// search by lookups skips no item that these find.
func TestEach(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		if !*whole && seed >= 2 {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 0))
			m := newMailbox(t, mailstore.Info{})
			folders := []*mailstore.Folder{m.Named(ews.FolderInbox), m.Named(ews.FolderDrafts), m.Named(ews.FolderJunkEmail)}
			want := make(map[*mailstore.Folder][]*mailstore.Item)
			enter := func(it *mailstore.Item) { want[it.Folder] = append(want[it.Folder], it) }
			leave := func(it *mailstore.Item) {
				want[it.Folder] = slices.DeleteFunc(want[it.Folder], func(other *mailstore.Item) bool { return other == it })
			}
			keys := []ews.ExtendedField{mailstore.TagMessageID, stampField("A"), stampField("B")}
			text := func() string { return fmt.Sprint(string("aA"[r.IntN(2)]), r.IntN(40)) }
			stamp := func() ews.ExtendedProperty {
				return ews.ExtendedProperty{Field: keys[r.IntN(3)], Value: text()}
			}
			for step := range 4000 {
				f := folders[r.IntN(2)] // one of them stays small
				if r.IntN(50) == 0 {
					f = folders[2]
				}
				if len(want[f]) == 0 || step < 1500 || r.IntN(5) == 0 {
					n := mailstore.New{MIME: []byte("Message-ID: " + text() + "\r\n\r\n"), Delivered: true, Read: r.IntN(2) == 0, Associated: r.IntN(20) == 0}
					if r.IntN(3) == 0 {
						n.Properties = []ews.ExtendedProperty{stamp()}
					}
					enter(f.Create(n))
					continue
				}
				it := want[f][r.IntN(len(want[f]))]
				switch r.IntN(7) {
				case 0:
					it.Update([]ews.ExtendedProperty{stamp()}, nil, false)
				case 1:
					it.Update(nil, keys[:1+r.IntN(3)], false)
				case 2:
					leave(it)
					enter(it.MoveTo(folders[r.IntN(3)]))
				case 3:
					enter(it.CopyTo(folders[r.IntN(3)]))
				case 4, 5:
					leave(it)
					it.Delete()
				case 6:
					other, err := f.Import(bytes.Join(it.Export(), nil), false)
					require.NoError(t, err)
					enter(other)
					leave(it)
					other.TakePlaceOf(it)
				}
				if step%20 != 0 {
					continue
				}
				for _, f := range folders {
					require.True(t, slices.Equal(want[f], f.Items()))
					var terms []term
					var any []mailstore.Lookup
					for range 1 + r.IntN(4) {
						one := term{key: keys[r.IntN(3)]}
						if s := text(); one.key == mailstore.TagMessageID || r.IntN(4) > 0 {
							one.text = &s
						}
						terms, any = append(terms, one), append(any, one.lookup(t))
					}
					finds := func(it *mailstore.Item) bool {
						return slices.ContainsFunc(terms, func(m term) bool { return m.finds(it) })
					}
					var looked, found, all []*mailstore.Item
					f.Each([][]mailstore.Lookup{any}, func(it *mailstore.Item) {
						looked = append(looked, it)
						if finds(it) {
							found = append(found, it)
						}
					})
					for _, it := range want[f] {
						if finds(it) {
							all = append(all, it)
						}
					}
					require.True(t, slices.Equal(all, found), "%d found, want %d", len(found), len(all))
					if n := len(want[f]); n > 100 && len(all) < n/8 {
						assert.Less(t, len(looked), n/2, "the index was used")
					}
				}
			}
		})
	}
}

// A search uses the clause that leaves the fewest items.
func TestEachNarrowestClause(t *testing.T) {
	t.Parallel()
	inbox := newMailbox(t, mailstore.Info{}).Named(ews.FolderInbox)
	for i := range 1000 {
		inbox.Create(mailstore.New{Delivered: true, Properties: []ews.ExtendedProperty{
			{Field: stampField("A"), Value: fmt.Sprint(i % 2)}, {Field: stampField("B"), Value: fmt.Sprint(i)},
		}})
	}
	half, _ := mailstore.Equal(stampField("A"), "1")
	first, _ := mailstore.Equal(stampField("B"), "0")
	last, _ := mailstore.Equal(stampField("B"), "999")
	none, _ := mailstore.Having(stampField("C"))
	count := func(clauses ...[]mailstore.Lookup) (n int) {
		inbox.Each(clauses, func(*mailstore.Item) { n++ })
		return n
	}
	assert.Equal(t, 1000, count())
	assert.Equal(t, 500, count([]mailstore.Lookup{half}))
	assert.Equal(t, 501, count([]mailstore.Lookup{half, first}))
	assert.Equal(t, 500, count([]mailstore.Lookup{half, last}), "each once")
	assert.Equal(t, 2, count([]mailstore.Lookup{half}, []mailstore.Lookup{last, first}))
	assert.Equal(t, 1, count([]mailstore.Lookup{last}, []mailstore.Lookup{half}))
	assert.Zero(t, count([]mailstore.Lookup{half}, []mailstore.Lookup{none}))
	assert.Zero(t, count([]mailstore.Lookup{}), "no choice")
}

// Items that get and lose a property in any order are found in order of arrival.
func TestEachInOrderOfArrival(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 0))
	inbox := newMailbox(t, mailstore.Info{}).Named(ews.FolderInbox)
	for range 3000 {
		inbox.Create(mailstore.New{Delivered: true})
	}
	all := inbox.Items()
	stamp := ews.ExtendedProperty{Field: stampField("A"), Value: "a"}
	equal, _ := mailstore.Equal(stamp.Field, "a")
	stamped := func(it *mailstore.Item) bool { _, ok := it.Property(stamp.Field); return ok }
	check := func() {
		var want, got []*mailstore.Item
		for _, it := range all {
			if stamped(it) {
				want = append(want, it)
			}
		}
		inbox.Each([][]mailstore.Lookup{{equal}}, func(it *mailstore.Item) { got = append(got, it) })
		require.True(t, slices.Equal(want, got))
	}
	check()
	for _, share := range []int{2700, 300, 2000, 0} { // how many items have it
		for i, k := range r.Perm(len(all)) {
			switch it := all[k]; {
			case i < share && !stamped(it):
				it.Update([]ews.ExtendedProperty{stamp}, nil, false)
			case i >= share && stamped(it):
				it.Update(nil, []ews.ExtendedField{stamp.Field}, false)
			}
			if i%300 == 0 {
				check()
			}
		}
		check()
	}
}

func TestLookupsOfWhatHasNoIndex(t *testing.T) {
	t.Parallel()
	for _, key := range []ews.ExtendedField{
		mailstore.TagSubject, mailstore.TagSearchKey, mailstore.TagFlags, {GUID: stampField("").GUID, Name: "A", Type: ews.TypeDouble},
	} {
		_, ok := mailstore.Equal(key, "a")
		assert.False(t, ok, key)
		_, ok = mailstore.Having(key)
		assert.False(t, ok, key)
	}
	_, ok := mailstore.Having(mailstore.TagMessageID)
	assert.False(t, ok)
}

// Equal values have equal lookups, however they are written.
func TestLookupsOfTypes(t *testing.T) {
	t.Parallel()
	for kind, tt := range map[ews.PropertyType][3]string{
		ews.TypeString: {"Ab", "aB", "b"}, ews.TypeStringArray: {"Ab", "aB", "b"},
		ews.TypeShort: {"7", " 07", "8"}, ews.TypeInteger: {"-7", "-007 ", "7"}, ews.TypeLong: {"0", "-0", "1"},
		ews.TypeBoolean: {"true", "1", "0"}, ews.TypeBinary: {"YWI=", "Y W I=", "YWM="},
		ews.TypeSystemTime: {"2026-11-28T10:00:00Z", "2026-11-28T11:00:00.0+01:00", "2026-11-28T10:00:00.001Z"},
	} {
		for _, key := range []ews.ExtendedField{
			{Set: ews.SetPublicStrings, Name: "A", Type: kind}, {Set: ews.SetCommon, ID: 0x8005, Type: kind},
			{GUID: stampField("").GUID, Name: "A", Type: kind}, {GUID: stampField("").GUID, ID: 1, Type: kind},
		} {
			first, ok := mailstore.Equal(key, tt[0])
			require.True(t, ok, key)
			second, _ := mailstore.Equal(key, tt[1])
			other, _ := mailstore.Equal(key, tt[2])
			assert.Equal(t, first, second, key)
			assert.NotEqual(t, first, other, key)
			_, ok = mailstore.Having(key)
			assert.True(t, ok, key)
		}
	}
}

// FuzzEqual compares the index with strings.EqualFold.
func FuzzEqual(f *testing.F) {
	for _, s := range []string{"k\u212aK", "sſS", "İIiı", "σςΣ", "ßẞ", "\xff\ufffd", "ǅǆǄ", "\xe2\x84"} {
		f.Add(s, strings.ToLower(s))
		f.Add(s, strings.ToUpper(s))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, _ := mailstore.Equal(mailstore.TagMessageID, a)
		y, _ := mailstore.Equal(mailstore.TagMessageID, b)
		if strings.EqualFold(a, b) != (x == y) {
			t.Errorf("%q and %q", a, b)
		}
	})
}
