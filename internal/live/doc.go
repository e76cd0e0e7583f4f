// Package live runs the SDK against a real Exchange server and says what that server
// does: its version, which ways carry a message and what each keeps, what a move into
// another mailbox answers, and how it answers the questions that documents leave open.
//
// It makes its own mail in separate folders, touches nothing else, and removes all of
// it. The tests with the build tag live read from the environment which server it is:
//
//	go test -tags=live ./internal/live -v
//
// [FromEnv] lists the variables. What is printed names no mailbox, account or host.
package live
