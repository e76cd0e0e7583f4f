package mimescan

import "io"

// ScanWork is like Scan, but returns how many bytes were looked at, counted each time.
func ScanWork(r io.Reader, h Handler) (work int64, err error) {
	s := &scanner{}
	err = s.scan(r, h)
	return s.work, err
}
