package mimescan

import "io"

// ScanWork is Scan, and returns how many bytes were looked at, each time counted.
func ScanWork(r io.Reader, h Handler) (work int64, err error) {
	s := &scanner{}
	err = s.scan(r, h)
	return s.work, err
}
