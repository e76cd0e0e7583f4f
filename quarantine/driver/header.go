package driver

// Header is an internet header to be added to a message.
type Header struct {
	// Name is a field name of RFC 5322, such as X-Quarantined, of at most 126
	// characters. The names that mail itself uses are refused.
	Name string `json:"name"`
	// Value is one line of at most 255 characters.
	Value string `json:"value"`
}
