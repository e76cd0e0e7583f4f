package headerscan_test

import (
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
)

// BenchmarkAddress looks for an address in a header of a quarter of a megabyte, as much
// as Exchange accepts.
func BenchmarkAddress(b *testing.B) {
	const size = 256 << 10
	a := headerscan.NewAddress("m@éxample.example")
	for name, text := range map[string]string{
		"ordinary":       "From: Bob <bob@b.example>\nReceived: from a.example by b.example; Tue, 24 Nov 2026 10:00:00 +0000\n",
		"ordinary, long": "From: One <a@b.example>, Two <c@d.example>,\n =?utf-8?Q?B=C3=B6b?= <e@f.example>\n",
		"at signs":       "From: " + strings.Repeat("@", 1000) + "\n",
		"local parts":    "From: " + strings.Repeat("m@é.example ", 100) + "\n",
		"marks":          "From: " + strings.Repeat("!", 1000) + "m@x\n",
		"comments":       "From: " + strings.Repeat("(", 1000) + "\n",
		"quotes":         "From: " + strings.Repeat("\\\"", 1000) + "\n",
		"encoded words":  "From: " + strings.Repeat("=?utf-8?Q?=41?= ", 100) + "\n",
		"open words":     "From: " + strings.Repeat("=?utf-8?Q?", 100) + "\n",
		"charsets":       "From: " + strings.Repeat("=?iso-2022-jp?B?GyRC?= =?gb18030?Q?=81?= ", 30) + "\n",
		"one field":      "x\n",
		"marked letters": "From: a" + strings.Repeat("\u0301", 500) + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			header := strings.Repeat(text, size/len(text)+1)[:size]
			if name == "one field" {
				header = "From: y\n" + header
			}
			b.SetBytes(size)
			for b.Loop() {
				for _, v := range headerscan.Fields(header, "From", "Sender") {
					a.In(v)
					headerscan.Any(v)
				}
			}
		})
	}
}
