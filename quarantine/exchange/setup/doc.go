// Package setup writes the steps and exact commands that prepare an Exchange
// organisation, or a Microsoft 365 tenant, for a configuration of package
// exchange.
package setup
