package mimeparam

// HexByte returns the byte for two hexadecimal digits in either case. It reports false if
// one of them is not a digit.
func HexByte(hi, lo byte) (byte, bool) {
	h, l := hexValues[hi], hexValues[lo]
	return (h-1)<<4 | (l - 1), h > 0 && l > 0
}

// hexValues has the values of the digits plus one; 0 means that the byte is not a digit.
var hexValues = func() (values [256]byte) {
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i + 1)
	}
	for i, c := range []byte("ABCDEF") {
		values[c] = byte(i + 11)
	}
	return values
}()
