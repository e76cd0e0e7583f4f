package driver

// Header is an internet header to add to a message.
type Header struct {
	// Name is a field name as in RFC 5322, such as X-Quarantined, of at most 126
	// characters. It must not be a header that mail itself uses.
	Name string `json:"name"`
	// Value is one line of at most 255 characters.
	Value string `json:"value"`
}
