package mimeparam

// HexByte returns the byte that two hexadecimal digits stand for, in either case. It
// reports false if one of them is no digit.
func HexByte(hi, lo byte) (byte, bool) {
	h, l := hexValues[hi], hexValues[lo]
	return (h-1)<<4 | (l - 1), h > 0 && l > 0
}

// hexValues are the values of the digits plus one; 0 means another byte.
var hexValues = func() (values [256]byte) {
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i + 1)
	}
	for i, c := range []byte("ABCDEF") {
		values[c] = byte(i + 11)
	}
	return values
}()
