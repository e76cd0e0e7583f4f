// Command exchange runs the Exchange for tests of package ewstest as a separate
// server, for any EWS client to use.
//
// The first line on standard output is JSON with the URL and, with -tls, the file of
// the certificate to trust. The server runs until it is interrupted; nothing is
// saved. See exchange -help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
