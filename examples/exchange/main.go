// Command exchange runs the Exchange for tests of package ewstest as a server of
// its own, so that any EWS client can be pointed at it.
//
// The first line on standard output is JSON and names the URL, with -tls also
// the file of the certificate to trust. The server runs until it is interrupted;
// nothing is kept. See exchange -help.
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
