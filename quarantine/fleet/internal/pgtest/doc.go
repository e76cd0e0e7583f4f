// Package pgtest gives each test its own PostgreSQL database.
//
// The databases are in the cluster that the variable FLEET_TEST_DATABASE names: the address
// of a database whose account may create others, such as
// postgres://postgres@localhost:5432/postgres. Without the variable, the tests of a package
// start their own cluster from PostgreSQL's binaries, as user postgres if they run as root,
// and stop it when they end. Without the binaries they fail, with advice on how to get
// them.
package pgtest
