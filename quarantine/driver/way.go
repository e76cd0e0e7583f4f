package driver

// Way is how an item was carried.
type Way string

// Ways, from the most faithful on.
const (
	WayMove     Way = "move"     // MoveItem across mailboxes
	WayTransfer Way = "transfer" // ExportItems, then UploadItems
	WayMIME     Way = "mime"     // the MIME form, made into a new item
)
