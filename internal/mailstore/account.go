package mailstore

// enter counts an item in its folder and mailbox and adds it to the index. It is called
// once the item is in the folder, or has changed.
func (it *Item) enter() {
	it.tally(1)
	if x := it.Folder.index; x != nil {
		x.add(it)
	}
}

// withdraw undoes enter before the item changes or leaves.
func (it *Item) withdraw() {
	it.tally(-1)
	if x := it.Folder.index; x != nil {
		x.remove(it)
	}
}

func (it *Item) tally(n int) {
	f := it.Folder
	switch {
	case it.Associated:
		f.associated += n
	case !it.Read():
		f.unread += n
	}
	if m := f.Mailbox; m.sized {
		m.size += int64(n) * it.Size()
	}
}
