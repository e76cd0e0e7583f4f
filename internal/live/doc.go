// Package live runs the SDK against a real Exchange server and reports what that server
// does: its version, which ways carry a message and what each keeps, how it answers a
// move into another mailbox, and how it answers the questions that the documentation
// leaves open.
//
// It creates its own mail in separate folders, touches nothing else, and removes all of
// it. The tests with the build tag live read from the environment which server to use:
//
//	go test -tags=live ./internal/live -v
//
// [FromEnv] lists the variables. The output names no mailbox, account or host.
package live
