package main

// equivalent are the conditions whose negation makes no difference, by key, with the
// reason. They are listed but not tried.
var equivalent = map[string]string{
	"quarantine/internal/passage/hold.go Passage.hold: renew = false":           "with renew, standing asks for the attempt of p.stamp, and an item that has it by now has just ended hold",
	"quarantine/internal/passage/hold.go Passage.ours: false #2":                "nobody asks whether a stamp is trusted that is not one to go by",
	"quarantine/internal/passage/hold.go Passage.ours: false #4":                "nobody asks whether a stamp is trusted that is not one to go by",
	"quarantine/internal/passage/hold.go Passage.vouched: false #2":             "nobody asks whether a stamp is trusted that is not one to go by",
	"quarantine/internal/passage/hold.go Passage.vouched: known #2":             "a copy with a stamp of version 1 counts as rebuilt, and is proved by content whether the stamp is trusted or not; a new lease trusts its own",
	"quarantine/internal/passage/hold.go Passage.genuine: false #2":             "nobody asks whether a stamp is trusted that is not one to go by",
	"quarantine/internal/passage/hold.go Passage.fresh: p.moves = false":        "carry sets it before anybody asks for it: all ask as well for what was sent, or for the way, which adopt empties",
	"quarantine/internal/passage/hold.go Passage.fresh: p.repeated = false":     "carry sets it before it sets made, without which nobody asks for it",
	"quarantine/internal/passage/look.go Passage.searchCopies: q.Below = false": "without a folder to search, Below says nothing",
	"quarantine/internal/passage/single.go Engine.existing: round == 1":         "every sighting comes from a search before, and no id comes back: one that is read again existed all the time, also when the one before it was read, so once is enough",
}
