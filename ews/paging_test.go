package ews_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var (
	askedOffset = regexp.MustCompile(` Offset="(\d+)"`)
	askedFolder = regexp.MustCompile(`<t:FolderId Id="([^"]+)"`)
)

// folderServer pages through folders as Exchange does, each independently of the others.
type folderServer map[string]int

// answer returns pages of the length that give chooses, whatever is requested.
func (f folderServer) answer(give func(folder string, offset int) int) answerFunc {
	return func(r *http.Request, body string) (*http.Response, error) {
		offset, _ := strconv.Atoi(askedOffset.FindStringSubmatch(body)[1])
		var messages []string
		for _, m := range askedFolder.FindAllStringSubmatch(body, -1) {
			total := f[m[1]]
			n := min(give(m[1], offset), max(total-offset, 0))
			var items strings.Builder
			for i := range n {
				fmt.Fprintf(&items, `<t:Message><t:ItemId Id="%s-%d"/></t:Message>`, m[1], offset+i)
			}
			messages = append(messages, success(ews.OpFindItem, fmt.Sprintf(
				`<m:RootFolder IndexedPagingOffset="%d" TotalItemsInView="%d" IncludesLastItemInRange="%t"><t:Items>%s</t:Items></m:RootFolder>`,
				offset+n, total, offset+n >= total, items.String())))
		}
		return ok(ews.OpFindItem, messages...)(r, body)
	}
}

// TestFindItems collects folders of different lengths from a server that returns
// short pages, of different lengths in each folder.
func TestFindItems(t *testing.T) {
	t.Parallel()
	folders := folderServer{"empty": 0, "short": 3, "long": 23, "uneven": 11}
	srv := serve(folders.answer(func(folder string, offset int) int {
		if folder == "uneven" {
			return 2 + offset%3
		}
		return 5
	}))
	var refs []ews.FolderRef
	for _, name := range []string{"long", "empty", "uneven", "short"} {
		refs = append(refs, ews.FolderID{ID: name})
	}
	got := map[string]int{}
	for item, err := range newClient(t, srv, nil).FindItems(t.Context(), ews.FindItemRequest{Folders: refs, PageSize: 10}) {
		require.NoError(t, err)
		folder, number, _ := strings.Cut(item.ID.ID, "-")
		assert.Equal(t, strconv.Itoa(got[folder]), number, "each once, in order")
		got[folder]++
	}
	assert.Equal(t, map[string]int{"short": 3, "long": 23, "uneven": 11}, got)
	for i, r := range srv.seen()[1:] {
		assert.NotContains(t, r.body, `"empty"`, i)
		assert.NotContains(t, r.body, `"short"`, i)
	}
}

func TestFindItemsStops(t *testing.T) {
	t.Parallel()
	folders := folderServer{"a": 20}
	srv := serve(folders.answer(func(string, int) int { return 5 }))
	n := 0
	for range newClient(t, srv, nil).FindItems(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{ews.FolderID{ID: "a"}}}) {
		if n++; n == 7 {
			break
		}
	}
	assert.Equal(t, 2, srv.count())
}

func TestFindItemsErrors(t *testing.T) {
	t.Parallel()
	root := func(attrs string, items int) string {
		return success(ews.OpFindItem, "<m:RootFolder "+attrs+"><t:Items>"+strings.Repeat(`<t:Message><t:ItemId Id="x"/></t:Message>`, items)+"</t:Items></m:RootFolder>")
	}
	last := root(`TotalItemsInView="9" IncludesLastItemInRange="true"`, 1)
	tests := map[string]struct {
		answers []string
		items   int
		is      error
	}{
		"no progress":             {[]string{root(`IndexedPagingOffset="0" TotalItemsInView="9" IncludesLastItemInRange="false"`, 0)}, 0, ews.ErrStalledPaging},
		"backwards":               {[]string{root(`IndexedPagingOffset="5" TotalItemsInView="9" IncludesLastItemInRange="false"`, 5), root(`IndexedPagingOffset="3" TotalItemsInView="9" IncludesLastItemInRange="false"`, 1)}, 6, ews.ErrStalledPaging},
		"no offset":               {[]string{root(`TotalItemsInView="9" IncludesLastItemInRange="false"`, 2), last}, 3, nil},
		"no offset and no items":  {[]string{root(`TotalItemsInView="9" IncludesLastItemInRange="false"`, 0)}, 0, ews.ErrStalledPaging},
		"last, with an offset":    {[]string{root(`IndexedPagingOffset="1" TotalItemsInView="9" IncludesLastItemInRange="true"`, 1)}, 1, nil},
		"empty, but not the last": {[]string{root(`IndexedPagingOffset="0" TotalItemsInView="0" IncludesLastItemInRange="false"`, 0)}, 0, nil},
		"empty page, then more":   {[]string{root(`IndexedPagingOffset="4" TotalItemsInView="9" IncludesLastItemInRange="false"`, 0), last}, 1, nil},
		"a page of full length":   {[]string{root(`IndexedPagingOffset="3" TotalItemsInView="3" IncludesLastItemInRange="true"`, 3)}, 3, nil},
		"says nothing":            {[]string{root(``, 2), root(`TotalItemsInView="3"`, 1)}, 3, nil},
		"nonsense":                {[]string{root(`IndexedPagingOffset="-7" TotalItemsInView="x" IncludesLastItemInRange="yes"`, 0)}, 0, ews.ErrStalledPaging},
		"refused in the middle":   {[]string{root(`IndexedPagingOffset="1" TotalItemsInView="9" IncludesLastItemInRange="false"`, 1), refusal(ews.OpFindItem, "ErrorAccessDenied")}, 1, ews.ErrAccessDenied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var answers []answerFunc
			for _, a := range tt.answers {
				answers = append(answers, ok(ews.OpFindItem, a))
			}
			srv := serve(answers...)
			items := 0
			var failure error
			for _, err := range newClient(t, srv, &ews.Options{ReadAttempts: 1}).FindItems(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, PageSize: 3}) {
				require.NoError(t, failure, "an error comes last")
				if failure = err; err == nil {
					items++
				}
			}
			assert.Equal(t, tt.items, items)
			assert.Equal(t, len(tt.answers), srv.count())
			if tt.is == nil {
				assert.NoError(t, failure)
			} else {
				assert.ErrorIs(t, failure, tt.is)
			}
		})
	}
}

func TestFindItemPage(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpFindItem,
		success(ews.OpFindItem, `<m:RootFolder IndexedPagingOffset="7" TotalItemsInView="50" IncludesLastItemInRange="false"><t:Items><t:Message><t:ItemId Id="a"/></t:Message></t:Items></m:RootFolder>`),
		refusal(ews.OpFindItem, "ErrorFolderNotFound"),
		success(ews.OpFindItem, ``)))
	results, err := newClient(t, srv, nil).FindItem(t.Context(), ews.FindItemRequest{
		Folders: []ews.FolderRef{inbox(), ews.FolderID{ID: "gone"}, ews.FolderID{ID: "odd"}}, Offset: 6,
	})
	require.NoError(t, err)
	assert.Equal(t, ews.ItemPage{Items: []ews.Item{{ID: ews.ItemID{ID: "a"}, Kind: "Message"}}, Total: 50, NextOffset: 7}, results[0].Value)
	assert.ErrorIs(t, results[1].Err, ews.ErrNotFound)
	require.NoError(t, results[2].Err)
	assert.Equal(t, ews.ItemPage{Last: true, NextOffset: 6}, results[2].Value, "some servers leave out the RootFolder of what is empty")
}

func TestTooManyItems(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpFindItem, success(ews.OpFindItem, `<m:RootFolder IncludesLastItemInRange="true"><t:Items>`+strings.Repeat("<t:Message/>", 1001)+`</t:Items></m:RootFolder>`)))
	_, err := newClient(t, srv, nil).FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}})
	assert.ErrorContains(t, err, "more items than can be requested")
	srv = serve(ok(ews.OpFindFolder, success(ews.OpFindFolder, `<m:RootFolder IncludesLastItemInRange="true"><t:Folders>`+strings.Repeat("<t:Folder/>", 1001)+`</t:Folders></m:RootFolder>`)))
	_, err = newClient(t, srv, nil).FindFolder(t.Context(), ews.FindFolderRequest{Parent: inbox()})
	assert.ErrorContains(t, err, "more folders than can be requested")
}

func TestFindFolders(t *testing.T) {
	t.Parallel()
	page := func(next int, last bool, ids ...string) answerFunc {
		var b strings.Builder
		for _, id := range ids {
			b.WriteString(`<t:SearchFolder><t:FolderId Id="` + id + `"/></t:SearchFolder>`)
		}
		return ok(ews.OpFindFolder, success(ews.OpFindFolder, fmt.Sprintf(
			`<m:RootFolder IndexedPagingOffset="%d" TotalItemsInView="3" IncludesLastItemInRange="%t"><t:Folders>%s</t:Folders></m:RootFolder>`, next, last, b.String())))
	}
	srv := serve(page(2, false, "a", "b"), page(3, true, "c"))
	var got strings.Builder
	for f, err := range newClient(t, srv, nil).FindFolders(t.Context(), ews.FindFolderRequest{Parent: inbox()}) {
		require.NoError(t, err)
		assert.Equal(t, "SearchFolder", f.Kind)
		got.WriteString(f.ID.ID)
	}
	assert.Equal(t, "abc", got.String())

	stalled := serve(page(0, false, "a"))
	var failure error
	for _, err := range newClient(t, stalled, nil).FindFolders(t.Context(), ews.FindFolderRequest{Parent: inbox()}) {
		failure = err
	}
	assert.ErrorIs(t, failure, ews.ErrStalledPaging)

	failing := serve(respond(500, fault("ErrorAccessDenied", "")))
	for _, err := range newClient(t, failing, nil).FindFolders(t.Context(), ews.FindFolderRequest{Parent: inbox()}) {
		failure = err
	}
	assert.ErrorIs(t, failure, ews.ErrAccessDenied)
}

// A page that reports its continuation in a way that makes no sense, or not at all, must
// lead neither to endless requests nor to taking the pages so far for everything.
func TestOddOffsets(t *testing.T) {
	t.Parallel()
	for _, op := range []ews.Operation{ews.OpFindFolder, ews.OpFindItem} {
		for _, next := range []string{"0", "1", "2", "", "-5", "x", " ", "1.5", "99999999999999999999", "2147483647"} {
			for _, entries := range []int{0, 2} {
				for _, total := range []string{"751", "", "-1", "2"} {
					t.Run(fmt.Sprintf("%s %q %d of %q", op, next, entries, total), func(t *testing.T) {
						t.Parallel()
						page := `<m:RootFolder IndexedPagingOffset="` + next + `" TotalItemsInView="` + total + `" IncludesLastItemInRange="false"><t:Items>` +
							strings.Repeat(`<t:Message><t:ItemId Id="I"/></t:Message>`, entries) + `</t:Items></m:RootFolder>`
						if op == ews.OpFindFolder {
							page = strings.NewReplacer("t:Items", "t:Folders", "t:Message", "t:Folder", "t:ItemId", "t:FolderId").Replace(page)
						}
						srv := serve(ok(op, success(op, page)))
						c := newClient(t, srv, nil)
						var failure error
						if op == ews.OpFindFolder {
							for _, err := range c.FindFolders(t.Context(), ews.FindFolderRequest{Parent: inbox()}) {
								failure = err
							}
						} else {
							for _, err := range c.FindItems(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}}) {
								failure = err
							}
						}
						require.ErrorIs(t, failure, ews.ErrStalledPaging)
						assert.LessOrEqual(t, srv.count(), 5)
					})
				}
			}
		}
	}
}

// A server can continue forever with pages that are new each time.
func TestPageCheckEnds(t *testing.T) {
	t.Parallel()
	const size = 1000
	items, folders := make([]ews.Item, size), make([]ews.Folder, size)
	last := func(page func(c *ews.PageCheck, offset int) error) (pages int, err error) {
		var c ews.PageCheck
		for ; err == nil && pages < 10_000; pages++ {
			err = page(&c, pages*size)
		}
		return pages, err
	}
	pages, err := last(func(c *ews.PageCheck, offset int) error {
		items[0].ID.ID = strconv.Itoa(offset)
		return c.Items(offset, ews.ItemPage{Items: items, Total: 2_000_000_000, NextOffset: offset + size})
	})
	require.ErrorIs(t, err, ews.ErrStalledPaging)
	assert.Equal(t, 4001, pages)
	pages, err = last(func(c *ews.PageCheck, offset int) error {
		folders[0].ID.ID = strconv.Itoa(offset)
		return c.Folders(offset, ews.FolderPage{Folders: folders, Total: 2_000_000_000, NextOffset: offset + size})
	})
	require.ErrorIs(t, err, ews.ErrStalledPaging)
	assert.Equal(t, 251, pages)
}
