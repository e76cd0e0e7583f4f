// Package mailname checks the names that mail goes by: addresses, their domains,
// and the text of identifiers. An error is the rest of a sentence that begins
// with the name of a field: it says what is wrong and what to do.
package mailname
