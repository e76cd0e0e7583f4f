// Package selftest tries everything that a configuration of package exchange
// needs, from the name of the server to the rights on mailboxes, and says of each
// thing what it saw and what to do.
package selftest
