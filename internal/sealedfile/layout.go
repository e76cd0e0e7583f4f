package sealedfile

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// How bbolt lays a file out, in the byte order of the machine: pages of one size, the
// first two of which are heads ("meta pages"), written in turn.
const (
	pageHeader    = 16 // id, flags, count, overflow
	elementHeader = 16 // of an entry in a branch or leaf page
	bucketHeader  = 16 // root page, sequence
	headSize      = 64

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketEntry = 0x01 // the value of the entry is a bucket

	magic      = 0xED0CDAED
	version    = 2
	noFreelist = ^uint64(0)

	smallestPage = 1 << 10
	largestPage  = 1 << 24
)

var order = binary.NativeEndian

// head is one of the two descriptions of the file. The one with the higher transaction is
// valid.
type head struct {
	pageSize    int64
	root        uint64
	freelist    uint64
	high        uint64 // number of pages, used and free
	transaction uint64
}

// parseHead reads a head from the beginning of its page.
func parseHead(page []byte) (h head, err error) {
	if len(page) < pageHeader+headSize {
		return h, fmt.Errorf("the head is cut short")
	}
	b := page[pageHeader:]
	if order.Uint32(b) != magic {
		return h, errNoHead
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:headSize-8])
	if order.Uint64(b[headSize-8:]) != sum.Sum64() {
		return h, fmt.Errorf("the head does not match its checksum")
	}
	if v := order.Uint32(b[4:]); v != version {
		return h, fmt.Errorf("the head has the version %d of bbolt, not %d", v, version)
	}
	h = head{
		pageSize: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		high: order.Uint64(b[40:]), transaction: order.Uint64(b[48:]),
	}
	if h.pageSize < smallestPage || h.pageSize > largestPage || h.pageSize&(h.pageSize-1) != 0 {
		return h, fmt.Errorf("the head has pages of %d bytes", h.pageSize)
	}
	return h, nil
}

// page is a page with its overflow, or the page inside a small bucket.
type page []byte

func (p page) id() uint64       { return order.Uint64(p) }
func (p page) flags() uint16    { return order.Uint16(p[8:]) }
func (p page) count() int       { return int(order.Uint16(p[10:])) }
func (p page) overflow() uint32 { return order.Uint32(p[12:]) }

// entry is one entry of a page. A branch page has only the key and the child.
type entry struct {
	flags      uint32
	key, value []byte
	child      uint64
}

// entries returns the entries of a branch or leaf page, and where they end. bbolt writes
// keys and values one after another, directly after the headers, so a changed count or
// length is noticed.
func (p page) entries() (all []entry, end int, err error) {
	leaf := p.flags() == leafPage
	if !leaf && p.flags() != branchPage {
		return nil, 0, fmt.Errorf("is of the kind %#x, not a leaf or branch", p.flags())
	}
	n := p.count()
	next := uint64(pageHeader + n*elementHeader)
	if next > uint64(len(p)) {
		return nil, 0, fmt.Errorf("has %d entries, more than there is room for", n)
	}
	all = make([]entry, n)
	for i := range all {
		at := uint64(pageHeader + i*elementHeader)
		b := p[at:]
		e := &all[i]
		var pos, key, value uint64
		if leaf {
			e.flags = order.Uint32(b)
			pos, key, value = uint64(order.Uint32(b[4:])), uint64(order.Uint32(b[8:])), uint64(order.Uint32(b[12:]))
		} else {
			pos, key = uint64(order.Uint32(b)), uint64(order.Uint32(b[4:]))
			e.child = order.Uint64(b[8:])
		}
		if at+pos != next || key == 0 || next+key+value > uint64(len(p)) {
			return all[:i], 0, fmt.Errorf("has an entry %d that is not where it belongs", i)
		}
		e.key, e.value = p[next:next+key:next+key], p[next+key:next+key+value:next+key+value]
		next += key + value
	}
	return all, int(next), nil
}
