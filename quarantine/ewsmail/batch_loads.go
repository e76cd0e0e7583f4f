package ewsmail

// A load is the content of items that one request carries: few items and few bytes, as
// the server counts them. A larger item goes alone. Servers accept a request of 64 MB;
// encoding makes content a third larger, and MIME is another third larger than its
// attachments.
const (
	loadItems = 10
	loadBytes = 8 << 20
)

// loads divides the members of a batch into loads by their sizes. Members too large for a
// load are returned separately.
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
