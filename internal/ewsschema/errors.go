package ewsschema

import "fmt"

// Violation is a request that does not fit the schema; a server answers with
// the fault ErrorSchemaValidation, with Line, Position and Message in its
// MessageXml as LineNumber, LinePosition and Violation.
type Violation struct {
	Line     int
	Position int
	Message  string
}

// Error returns the message with its place, as servers put it.
func (v *Violation) Error() string {
	return fmt.Sprintf("The request failed schema validation: %s (line %d, position %d)", v.Message, v.Line, v.Position)
}

// SyntaxError is a request that is not XML, or beyond the limits of the
// reader; a server answers with a fault ErrorInvalidRequest or
// ErrorSchemaValidation, or not at all.
type SyntaxError struct {
	Line     int
	Position int
	Err      error // an [xmlwire.Error], with the failure of the reader inside if it was that
}

// Error returns the cause with its place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("request is not well-formed (line %d, position %d): %v", e.Line, e.Position, e.Err)
}

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }

// VersionError is a RequestServerVersion that the server does not know, or
// that is newer than the server; it answers with the fault
// ErrorInvalidServerVersion.
type VersionError struct {
	Value string // as sent
}

// Error names the version.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the specified server version %q is invalid", e.Value)
}

// HeaderError is a SOAP header that stands twice; a server answers with the
// fault ErrorDuplicateSOAPHeader.
type HeaderError struct {
	Local string
}

// Error names the header.
func (e *HeaderError) Error() string {
	return fmt.Sprintf("the SOAP header %s stands twice", e.Local)
}
