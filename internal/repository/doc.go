// Package repository checks the rules of the repository that no compiler checks:
// which package may import which, what a program links, how the tree is laid out,
// that the Go code in the documentation compiles, and how its English reads.
//
// The rules themselves are tables in the tests. The checks read a tree of files
// and return one line for each violation, so each can be tested on a small
// made-up tree.
package repository
