package driver

// Way is how an item was carried.
type Way string

// Ways, most faithful first.
const (
	WayMove     Way = "move"     // moved, as MoveItem does
	WayTransfer Way = "transfer" // exported and uploaded, as ExportItems and UploadItems do
	WayMIME     Way = "mime"     // a new item made from the MIME form
	WayRecreate Way = "recreate" // a new item made from the properties of the message
)
