package selftest_test

const (
	alice    = "alice@example.test"
	bob      = "bob@example.test"
	vault    = "quarantine@example.test"
	mailHost = "mail.example.test"
)
