package ews

import "context"

// ConflictResolution determines what happens to an update if the item has changed since
// its change key was read.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updateitem.
type ConflictResolution string

// Conflict resolutions. The zero value means AlwaysOverwrite.
const (
	AlwaysOverwrite ConflictResolution = "AlwaysOverwrite" // the update overwrites the other change
	AutoResolve     ConflictResolution = "AutoResolve"     // the server resolves the conflict if it can
	NeverOverwrite  ConflictResolution = "NeverOverwrite"  // the update fails with ErrorIrresolvableConflict
)

// Change is one change to one property of an item: a [SetField] or a
// [DeleteField].
type Change interface{ change() }

// SetField sets one property. Value is its text form: "true" or "false",
// [FormatTime], base64, or the text itself. [FieldCategories] and extended
// properties of array types use Values instead of Value.
//
// Of the properties that EWS itself defines, these can be set: [FieldItemClass],
// [FieldSubject], [FieldSensitivity], [FieldCategories], [FieldImportance],
// [FieldIsRead], and (on Exchange 2013 and later) [FieldFlag] by the name of its status.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/setitemfield.
type SetField struct {
	Property PropertyPath
	Value    string
	Values   []string
}

// DeleteField removes one property.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitemfield.
type DeleteField struct{ Property PropertyPath }

func (SetField) change()    {}
func (DeleteField) change() {}

// ItemChange holds the changes to one item. Servers require a current change key
// in the ID, even for AlwaysOverwrite.
type ItemChange struct {
	ID      ItemID
	Kind    string // element name of the item, as in [Item].Kind; default: "Message"
	Changes []Change
}

// UpdateItemRequest asks to change items.
type UpdateItemRequest struct {
	Items              []ItemChange       // at least one, all of one mailbox
	ConflictResolution ConflictResolution // default: AlwaysOverwrite

	// RequireSuppression makes the update fail with [ErrUnsupportedVersion] if the server
	// cannot suppress the receipt that marking a message as read sends. Without it, the
	// request is sent to such a server anyway.
	RequireSuppression bool

	// MayHaveChanged declares that others work on the items, too: the caller then expects
	// ErrorIrresolvableConflict, as with NeverOverwrite, and ErrorItemNotFound as
	// answers, which are not logged as problems. The results are the same.
	MayHaveChanged bool
}

// UpdateItem changes items and returns their new change keys. Nobody is
// notified: SaveOnly, SendToNone and, on Exchange 2013 SP1 and later,
// SuppressReadReceipts are always set. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updateitem-operation.
func (c *Client) UpdateItem(ctx context.Context, req UpdateItemRequest) (Results[ItemID], error) {
	return do(ctx, c, updateItem(req))
}
