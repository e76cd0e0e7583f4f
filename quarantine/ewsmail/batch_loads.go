package ewsmail

// A load is what one request contains that carries the content of items: few items, and few
// bytes, as the server counts them; a large item goes alone. A request of 64 MB, of which
// content is a third more than its bytes, is what servers take; MIME is another third more
// than its attachments.
const (
	loadItems = 10
	loadBytes = 8 << 20
)

// loads divides members of a batch, of which each has a size. What is too large for a load
// goes alone.
func loads(members []int, size func(i int) int64) (loads [][]int, large []int) {
	var bytes int64
	var load []int
	for _, i := range members {
		n := size(i)
		if n > loadBytes {
			large = append(large, i)
			continue
		}
		if len(load) == loadItems || bytes+n > loadBytes {
			loads, load, bytes = append(loads, load), nil, 0
		}
		load, bytes = append(load, i), bytes+n
	}
	if len(load) > 0 {
		loads = append(loads, load)
	}
	return loads, large
}
