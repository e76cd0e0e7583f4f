package ewsschema

import "fmt"

// Violation reports a request that does not match the schema. A server answers
// with the fault ErrorSchemaValidation, which has Line, Position and Message in
// its MessageXml as LineNumber, LinePosition and Violation.
type Violation struct {
	Line     int
	Position int
	Message  string
	Empty    bool // the body of the envelope is empty
}

// Error returns the message with its position, in a server's words.
func (v *Violation) Error() string {
	return fmt.Sprintf("The request failed schema validation: %s (line %d, position %d)", v.Message, v.Line, v.Position)
}

// SyntaxError reports a request that is not well-formed XML or exceeds the
// reader's limits. A server answers with a fault ErrorInvalidRequest or
// ErrorSchemaValidation, or not at all.
type SyntaxError struct {
	Line     int
	Position int
	Err      error // an [xmlwire.Error], which wraps a failure of the reader
}

// Error returns the cause with its position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("request is not well-formed (line %d, position %d): %v", e.Line, e.Position, e.Err)
}

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }

// VersionError reports a RequestServerVersion that is unknown to the server or
// newer than it. The server answers with the fault ErrorInvalidServerVersion.
type VersionError struct {
	Value string // as sent
}

// Error names the version.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the specified server version %q is invalid", e.Value)
}

// OutdatedError reports a request that the schema of its RequestServerVersion does not
// allow, but the server's newest does. The server answers with the fault
// ErrorIncorrectSchemaVersion.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
type OutdatedError struct {
	Version Version // named in the request; Exchange2007 if it names none
	Newest  Version // the newest that the server has
}

// Error names both versions.
func (e *OutdatedError) Error() string {
	return fmt.Sprintf("the request is not valid in %s, but would be in %s", e.Version, e.Newest)
}

// HeaderError reports a SOAP header that appears twice. A server answers with
// the fault ErrorDuplicateSOAPHeader.
type HeaderError struct {
	Local string
}

// Error names the header.
func (e *HeaderError) Error() string {
	return fmt.Sprintf("the SOAP header %s appears twice", e.Local)
}

// UnderstandError reports a SOAP header that the client requires to be understood, and
// that this version of the server does not know.
// See https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383500.
type UnderstandError struct {
	Local string
}

// Error names the header.
func (e *UnderstandError) Error() string {
	return "the SOAP header " + e.Local + " must be understood"
}
