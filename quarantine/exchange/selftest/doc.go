// Package selftest tests everything that a configuration of package exchange
// needs, from the name of the server to the rights on mailboxes. For each check
// it reports what it saw and what to do.
package selftest
