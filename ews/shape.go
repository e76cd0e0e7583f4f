package ews

// BaseShape selects a group of properties for the server to return.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/baseshape.
type BaseShape string

// Base shapes. The zero value means ShapeIDOnly.
const (
	ShapeIDOnly        BaseShape = "IdOnly"        // only the ids
	ShapeDefault       BaseShape = "Default"       // the server's default set of properties
	ShapeAllProperties BaseShape = "AllProperties" // the server's largest set of properties
)

// ItemShape selects the properties of items to return: those of Base plus Properties. The
// zero value asks only for ids. Properties known to be newer than the server's schema
// version are not requested.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemshape.
type ItemShape struct {
	Base       BaseShape // default: ShapeIDOnly
	Properties []PropertyPath
}

// FolderShape selects the properties of folders to return, as [ItemShape] does for items.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/foldershape.
type FolderShape struct {
	Base       BaseShape // default: ShapeIDOnly
	Properties []PropertyPath
}
