package twobox

import "time"

// People act on objects that they see.

// File moves an object to the folder of its mailbox that is searched last or, if it is
// there, to the Inbox.
func (s *System) File(o *Object) {
	s.Due()
	to := s.FolderOf(o.Box, "Zebra")
	if o.Folder == to {
		to = s.FolderOf(o.Box, Inbox)
	}
	s.move(o, o.Box, to, time.Now())
}

// Discard moves an object to Deleted Items.
func (s *System) Discard(o *Object) {
	s.Due()
	if to := s.FolderOf(o.Box, DeletedItems); o.Folder != to {
		s.move(o, o.Box, to, time.Now())
	}
}

// Duplicate copies an object, stamp included, to the folder that is searched last.
func (s *System) Duplicate(o *Object) *Object {
	s.Due()
	made := *o
	made.Folder = s.FolderOf(o.Box, "Zebra")
	return s.add(made, time.Now())
}

// Recover moves an object from Recoverable Items to the Inbox.
func (s *System) Recover(o *Object) {
	s.Due()
	s.move(o, o.Box, s.FolderOf(o.Box, Inbox), time.Now())
}

// Edit changes the text of an object. No other object has that edition.
func (s *System) Edit(o *Object) {
	s.Due()
	highest := 0
	for _, other := range s.Objects {
		if other != nil {
			highest = max(highest, other.Edition)
		}
	}
	o.Edition = highest + 1
	o.Version++
}

// Read changes the read state of an object.
func (s *System) Read(o *Object) {
	s.Due()
	o.Read = !o.Read
	o.Version++
}

// Flag changes an object, but nothing that a driver reports about it except the version.
func (s *System) Flag(o *Object) {
	s.Due()
	o.Version++
}

// Purge permanently removes an object.
func (s *System) Purge(o *Object) {
	s.Due()
	s.drop(o, time.Now())
}

// Rename gives a folder another display name. Its id stays.
func (s *System) Rename(folder int, name string) {
	s.Due()
	s.Folders[folder].Name = name
}
