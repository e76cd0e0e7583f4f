package sealedfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// deepest is how deep a tree of pages may be: with two entries per page, the fewest that
// bbolt writes, a tree of this depth has more pages than a file can hold.
const deepest = 64

// largest is the maximum length of a page with its overflow: without it, a damaged file
// could make us allocate without limit.
const largest = 1 << 28

// walk reads every page that a head leads to.
type walk struct {
	file  io.ReaderAt
	head  head
	owned bits // pages that belong to something
	// record is called for each record, in the order of the keys of its bucket. Key and
	// value are valid during the call.
	record func(bucket string, key, value []byte) error
	// tolerate is called with each error, and the walk continues without what the error
	// concerns. If it is nil, the first error ends the walk.
	tolerate func(error)

	buffers [deepest + 1][]byte
	buckets []string
}

// bits is a set of pages.
type bits []uint64

func (b bits) has(id uint64) bool { return b[id/64]&(1<<(id%64)) != 0 }
func (b bits) add(id uint64)      { b[id/64] |= 1 << (id % 64) }

func newWalk(file io.ReaderAt, h head) *walk {
	return &walk{file: file, head: h, owned: make(bits, h.high/64+1)}
}

// run walks everything that the head leads to.
func (w *walk) run() error {
	w.owned.add(0)
	w.owned.add(1)
	if err := w.tree(w.head.root, 0, "", nil, nil); err != nil {
		return err
	}
	return w.fail(w.freelist())
}

// leftOver returns an error if a page belongs to nothing.
func (w *walk) leftOver() error {
	for id := range w.head.high {
		if !w.owned.has(id) {
			return fmt.Errorf("page %d belongs to nothing", id)
		}
	}
	return nil
}

// fail returns an error unless it is tolerated.
func (w *walk) fail(err error) error {
	if err == nil || w.tolerate == nil {
		return err
	}
	w.tolerate(err)
	return nil
}

// read reads a page with its overflow, and records that it belongs to something.
func (w *walk) read(id uint64, depth int) (page, error) {
	if id < 2 || id >= w.head.high {
		return nil, fmt.Errorf("page %d is outside the file", id)
	}
	size := w.head.pageSize
	b := w.buffers[depth]
	if int64(len(b)) < size {
		b = make([]byte, size)
		w.buffers[depth] = b
	}
	p := page(b[:size])
	if _, err := w.file.ReadAt(p, int64(id)*size); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, unexpected(err))
	}
	if p.id() != id {
		return nil, fmt.Errorf("page %d says that it is page %d", id, p.id())
	}
	over := uint64(p.overflow())
	if id+over >= w.head.high {
		return nil, fmt.Errorf("page %d reaches beyond the end", id)
	}
	if over*uint64(size) > largest {
		return nil, fmt.Errorf("page %d is longer than %d bytes", id, largest)
	}
	if over > 0 {
		p = make(page, size*int64(over+1))
		if _, err := w.file.ReadAt(p, int64(id)*size); err != nil {
			return nil, fmt.Errorf("page %d: %w", id, unexpected(err))
		}
	}
	for i := id; i <= id+over; i++ {
		if w.owned.has(i) {
			return nil, fmt.Errorf("page %d belongs to two places", i)
		}
		w.owned.add(i)
	}
	return p, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tree walks a page and what is below it. All its keys are at least low and below high,
// if these are given. The bucket name is empty at the top, where all entries are buckets.
func (w *walk) tree(id uint64, depth int, bucket string, low, high []byte) error {
	if depth >= deepest {
		return w.fail(fmt.Errorf("page %d: the tree is too deep", id))
	}
	p, err := w.read(id, depth)
	if err != nil {
		return w.fail(err)
	}
	all, _, err := p.entries()
	if err != nil {
		if err := w.fail(fmt.Errorf("page %d %w", id, err)); err != nil {
			return err
		}
	}
	if err := inOrder(all, low, high); err != nil {
		if err := w.fail(fmt.Errorf("page %d %w", id, err)); err != nil {
			return err
		}
	}
	if p.flags() == leafPage {
		// bbolt leaves a leaf empty only at the top of a file to which nothing has been
		// written yet; an empty bucket has no page.
		if len(all) == 0 && (depth > 0 || w.head.transaction > 1) {
			if err := w.fail(fmt.Errorf("page %d is empty", id)); err != nil {
				return err
			}
		}
		return w.leaf(all, depth, bucket)
	}
	if len(all) == 0 {
		return w.fail(fmt.Errorf("page %d is empty", id))
	}
	for i, e := range all {
		// The first key of a child may be above the key that leads to it, but not below
		// it.
		below := high
		if i+1 < len(all) {
			below = all[i+1].key
		}
		if err := w.tree(e.child, depth+1, bucket, e.key, below); err != nil {
			return err
		}
	}
	return nil
}

func inOrder(all []entry, low, high []byte) error {
	for i, e := range all {
		if i == 0 && bytes.Compare(low, e.key) > 0 || i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0 ||
			high != nil && bytes.Compare(e.key, high) >= 0 {
			return fmt.Errorf("has an entry %d out of order", i)
		}
	}
	return nil
}

// leaf goes through the entries of a leaf.
func (w *walk) leaf(all []entry, depth int, bucket string) error {
	for _, e := range all {
		var err error
		switch {
		case bucket == "" && e.flags == bucketEntry:
			w.buckets = append(w.buckets, string(e.key))
			if err := w.bucket(e, depth); err != nil {
				return err
			}
		case bucket != "" && e.flags == 0:
			err = w.record(bucket, e.key, e.value)
		default:
			err = fmt.Errorf("an entry of %q is of the kind %#x", bucket, e.flags)
		}
		if err := w.fail(err); err != nil {
			return err
		}
	}
	return nil
}

// bucket walks a bucket. A small one lies in the entry itself.
func (w *walk) bucket(e entry, depth int) error {
	name := string(e.key)
	if len(e.value) < bucketHeader {
		return w.fail(fmt.Errorf("the bucket %q is cut short", name))
	}
	root := order.Uint64(e.value)
	if root != 0 {
		if len(e.value) != bucketHeader {
			return w.fail(fmt.Errorf("the bucket %q is too long", name))
		}
		return w.tree(root, depth+1, name, nil, nil)
	}
	p := page(e.value[bucketHeader:])
	if len(p) < pageHeader || p.id() != 0 || p.overflow() != 0 || p.flags() != leafPage {
		return w.fail(fmt.Errorf("the bucket %q has no leaf", name))
	}
	all, end, err := p.entries()
	if err == nil && end != len(p) {
		err = fmt.Errorf("is followed by %d bytes", len(p)-end)
	}
	if err == nil {
		err = inOrder(all, nil, nil)
	}
	if err != nil {
		if err := w.fail(fmt.Errorf("the bucket %q %w", name, err)); err != nil {
			return err
		}
	}
	return w.leaf(all, depth, name)
}

// freelist reads the list of free pages.
func (w *walk) freelist() error {
	id := w.head.freelist
	if id == noFreelist {
		return errors.New("the list of free pages is missing")
	}
	p, err := w.read(id, 0)
	if err != nil {
		return err
	}
	if p.flags() != freelistPage {
		return fmt.Errorf("page %d is of the kind %#x, not the list of free pages", id, p.flags())
	}
	b := p[pageHeader:]
	n := uint64(p.count())
	if n == 0xFFFF { // the number does not fit
		if n, b = order.Uint64(b), b[8:]; n < 0xFFFF {
			return fmt.Errorf("the list of free pages is too long")
		}
	}
	if n > uint64(len(b)/8) {
		return fmt.Errorf("the list of free pages is too long")
	}
	for i := range n {
		id := order.Uint64(b[i*8:])
		if id < 2 || id >= w.head.high || w.owned.has(id) {
			return fmt.Errorf("page %d is free and not free", id)
		}
		w.owned.add(id)
	}
	return nil
}
