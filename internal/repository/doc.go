// Package repository holds the rules of the repository that no compiler checks:
// which package may import which, what a program links, how the tree is laid out,
// that the Go code in the documentation compiles, and how its English reads.
//
// The rules themselves are tables in the tests. What is here reads a tree of
// files and returns one line for each violation, so that each check can be tried
// on a small made-up tree.
package repository
