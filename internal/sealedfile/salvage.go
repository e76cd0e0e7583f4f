package sealedfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// window is how much of a file is read if the size of its pages is not known, and the
// largest page size that is considered.
const window = 1 << 16

// Salvage calls a function for each record that can still be read from a damaged file,
// which it does not map, lock or change. Records that the file still refers to come
// first. If not all of its pages can be reached, the others are searched: records found
// there may have been replaced or removed since. So a key can occur more than once; its
// first record is the newest. Only records that match their checksum are passed on and,
// with an empty table, records of earlier versions, which have no checksum and can be
// anything. The error matches [ErrOther] if the file has content, but nothing of a bbolt
// file: then it is most likely not the intended file.
func Salvage(path string, format Format, do func(table string, key, value []byte)) error {
	file, err := openExisting(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	s := salvage{file: file, size: info.Size(), format: format, do: do}
	both, errs := heads(file, s.size)
	if errs[0] != nil && errs[1] != nil {
		s.search(head{pageSize: smallestPage}, nil)
		if !s.pages && !blank(file) {
			return fmt.Errorf("%w: neither a head nor a page of a bbolt file is in it", ErrOther)
		}
		return nil
	}
	h := both[0]
	if errs[0] != nil || errs[1] == nil && both[1].transaction > h.transaction {
		h = both[1]
	}
	damaged := errs[0] != nil || errs[1] != nil
	if most := uint64(s.size / h.pageSize); h.high > most {
		h.high, damaged = most, true
	}
	w := newWalk(file, h)
	w.record = func(bucket string, key, value []byte) error {
		if !s.record(bucket, key, value) {
			damaged = true
		}
		return nil
	}
	w.tolerate = func(error) { damaged = true }
	// Pages that this head says are free may have been used by a change that is lost.
	whole := errs[0] == nil && errs[1] == nil
	if !whole {
		w.head.freelist = 0
	}
	_ = w.run() // what it does not tolerate, it has not read
	if damaged {
		s.search(h, w.owned)
	}
	return nil
}

type salvage struct {
	file   *os.File
	size   int64
	format Format
	do     func(table string, key, value []byte)
	pages  bool // some page has entries
}

// blank reports whether the beginning of a file is empty or zeroed, as after a crash.
func blank(file io.ReaderAt) bool {
	b := make([]byte, window)
	n, _ := file.ReadAt(b, 0)
	return len(bytes.Trim(b[:n], "\x00")) == 0
}

// search looks into each page that is not owned.
func (s *salvage) search(h head, owned bits) {
	p := make(page, max(window, h.pageSize))
	for at := int64(0); at < s.size; at += h.pageSize {
		if id := uint64(at / h.pageSize); owned != nil && id < h.high && owned.has(id) {
			continue
		}
		n, _ := s.file.ReadAt(p[:pageHeader], at)
		if n < pageHeader || p.flags() != leafPage {
			continue
		}
		size := max(window, h.pageSize*(int64(p.overflow())+1))
		if size > min(s.size, largest) && size > window {
			continue
		}
		whole := p
		if size > int64(len(p)) {
			whole = make(page, min(size, s.size-at))
		}
		n, _ = s.file.ReadAt(whole, at)
		all, _, _ := whole[:n].entries()
		s.pages = s.pages || len(all) > 0
		s.entries(all)
	}
}

func (s *salvage) entries(all []entry) {
	for _, e := range all {
		if e.flags != bucketEntry {
			s.record("", e.key, e.value)
			continue
		}
		if len(e.value) < bucketHeader+pageHeader || order.Uint64(e.value) != 0 {
			continue
		}
		small, _, _ := page(e.value[bucketHeader:]).entries()
		for _, e := range small {
			s.record("", e.key, e.value)
		}
	}
}

// record passes on a record of a bucket, or of any bucket if it is not known which.
func (s *salvage) record(bucket string, key, value []byte) bool {
	if bucket == string(stateBucket) {
		return true
	}
	for i, name := range s.format.tables() {
		if bucket != "" && bucket != name {
			continue
		}
		if v, err := unseal(name, key, value); err == nil {
			s.do(s.format.Tables[i], key, v)
			return true
		}
		if bucket == name {
			return false
		}
	}
	s.do("", key, value)
	return true
}
