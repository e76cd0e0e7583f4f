package ews

// BaseShape says which group of properties a server returns.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/baseshape.
type BaseShape string

// Base shapes. The zero value means ShapeIDOnly.
const (
	ShapeIDOnly        BaseShape = "IdOnly"
	ShapeDefault       BaseShape = "Default"
	ShapeAllProperties BaseShape = "AllProperties"
)

// ItemShape says which properties of items to return: those of Base plus
// Properties. The zero value asks only for the ids.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemshape.
type ItemShape struct {
	Base       BaseShape // default: ShapeIDOnly
	Properties []PropertyPath
}

// FolderShape says which properties of folders to return, as [ItemShape] does
// for items.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/foldershape.
type FolderShape struct {
	Base       BaseShape // default: ShapeIDOnly
	Properties []PropertyPath
}
