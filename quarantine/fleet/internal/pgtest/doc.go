// Package pgtest gives tests a PostgreSQL database each.
//
// They are in the cluster that the variable FLEET_TEST_DATABASE names, by an address of
// which the account may create databases, such as
// postgres://postgres@localhost:5432/postgres. Without the variable, the tests of a
// package start a cluster of their own from PostgreSQL's binaries, as user postgres if
// they run as root, and stop it when they end. Without binaries they fail, and say how to
// get them.
package pgtest
