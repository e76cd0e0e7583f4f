// Package mailname checks addresses, domains and the text of identifiers. Its errors
// complete a sentence that begins with the name of a field, and state what is wrong and
// what to do.
package mailname
