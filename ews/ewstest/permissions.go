package ewstest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// levels are the rights of the permission levels.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/permissionlevel.
var levels = map[string]mailstore.Rights{
	"None":             {Edit: "None", Delete: "None", Read: "None"},
	"Owner":            {CreateItems: true, CreateSubFolders: true, Owner: true, Visible: true, Contact: true, Edit: "All", Delete: "All", Read: "FullDetails"},
	"PublishingEditor": {CreateItems: true, CreateSubFolders: true, Visible: true, Edit: "All", Delete: "All", Read: "FullDetails"},
	"Editor":           {CreateItems: true, Visible: true, Edit: "All", Delete: "All", Read: "FullDetails"},
	"PublishingAuthor": {CreateItems: true, CreateSubFolders: true, Visible: true, Edit: "Owned", Delete: "Owned", Read: "FullDetails"},
	"Author":           {CreateItems: true, Visible: true, Edit: "Owned", Delete: "Owned", Read: "FullDetails"},
	"NoneditingAuthor": {CreateItems: true, Visible: true, Edit: "None", Delete: "Owned", Read: "FullDetails"},
	"Reviewer":         {Visible: true, Edit: "None", Delete: "None", Read: "FullDetails"},
	"Contributor":      {CreateItems: true, Visible: true, Edit: "None", Delete: "None", Read: "None"},

	"FreeBusyTimeOnly":                  {Edit: "None", Delete: "None", Read: "TimeOnly"},
	"FreeBusyTimeAndSubjectAndLocation": {Edit: "None", Delete: "None", Read: "TimeAndSubjectAndLocation"},
}

// maxPermissions is the maximum number of permissions of a folder.
const maxPermissions = 1000

// withoutFreeBusy returns permissions as a folder other than a calendar can have them:
// free/busy rights exist only in calendars. The given permissions are not changed.
func withoutFreeBusy(all []mailstore.Permission) []mailstore.Permission {
	partly := func(p mailstore.Permission) bool { return strings.HasPrefix(p.Rights.Read, "Time") }
	if !slices.ContainsFunc(all, partly) {
		return all
	}
	all = slices.Clone(all)
	for i := range all {
		if p := &all[i]; partly(*p) {
			p.Rights.Read = "None"
			if p.Level != "Custom" {
				p.Level = "None"
			}
		}
	}
	return all
}

// permissions reads a PermissionSet.
func (s *Server) permissions(set *ewsschema.Node) ([]mailstore.Permission, *refusal) {
	if set.Child("UnknownEntries").Exists() {
		return nil, refuse("ErrorCannotSetPermissionUnknownEntries")
	}
	list := set.Child("Permissions")
	if !list.Exists() {
		list = set.Child("CalendarPermissions")
	}
	if len(list.Kids()) > maxPermissions {
		return nil, refuseText("ErrorInvalidPermissionSettings", "ewstest keeps no more than 1000 permissions of a folder.")
	}
	all := []mailstore.Permission{}
	given := make(map[string]bool)
	for _, n := range list.Kids() {
		p, refused := s.permission(n)
		if refused != nil {
			return nil, refused
		}
		if user := strings.ToLower(p.User); given[user] {
			return nil, refuse("ErrorDuplicateUserIdsSpecified")
		} else {
			given[user] = true
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *Server) permission(n *ewsschema.Node) (mailstore.Permission, *refusal) {
	user := n.Child("UserId")
	p := mailstore.Permission{
		User:  cmp.Or(user.Value("DistinguishedUser"), strings.TrimSpace(user.Value("PrimarySmtpAddress"))),
		Level: cmp.Or(n.Value("PermissionLevel"), n.Value("CalendarPermissionLevel")),
	}
	if user.Child("ExternalUserIdentity").Exists() {
		return p, lacks.refusal(s.opts.Version, "ExternalUserIdentity of a UserId", true)
	}
	switch {
	case len(user.Kids()) == 0:
		return p, refuse("ErrorMissingUserIdInformation")
	case user.Child("DistinguishedUser").Exists() && len(user.Kids()) > 1:
		return p, refuseText("ErrorInvalidUserInfo", "A DistinguishedUser has no other names.")
	case user.Child("SID").Exists():
		box := s.org.BySID(strings.TrimSpace(user.Value("SID")))
		switch {
		case box == nil:
			return p, refuse("ErrorInvalidUserSid")
		case p.User != "" && !box.Has(p.User):
			return p, refuseText("ErrorInvalidUserInfo", "The SID and the address belong to two users.")
		}
		p.User = box.Address
	case p.User == "":
		return p, refuseText("ErrorInvalidUserInfo", "ewstest knows users by their address and SID only.")
	}
	if e, _ := s.lookUp(p.User); e.name != p.User {
		p.Name = e.name
	}
	if box := s.org.ByAddress(p.User); box != nil {
		p.SID = box.SID()
	}
	if p.Level == "Custom" {
		p.Rights = mailstore.Rights{
			CreateItems: n.Bool("CanCreateItems", false), CreateSubFolders: n.Bool("CanCreateSubFolders", false),
			Owner: n.Bool("IsFolderOwner", false), Visible: n.Bool("IsFolderVisible", false), Contact: n.Bool("IsFolderContact", false),
			Edit: cmp.Or(n.Value("EditItems"), "None"), Delete: cmp.Or(n.Value("DeleteItems"), "None"), Read: cmp.Or(n.Value("ReadItems"), "None"),
		}
		return p, nil
	}
	// Besides the user and the level; later versions ignore it.
	if len(n.Kids()) > 2 && s.opts.Version < Exchange2013 {
		return p, refuseText("ErrorInvalidPermissionSettings", "Single rights can only be set with the level Custom.")
	}
	p.Rights = levels[p.Level]
	// [MS-OXWSFOLD], section 2.2.5.3.
	p.Rights.ReadOwned = p.Level == "Contributor" && s.opts.Version >= Exchange2013SP1
	return p, nil
}

// inOrder returns the permissions of a folder as a server lists them: Default and
// Anonymous come first, and are present even if nobody has set them.
func inOrder(f *mailstore.Folder) []mailstore.Permission {
	var all []mailstore.Permission
	for _, user := range []string{"Default", "Anonymous"} {
		p := mailstore.Permission{User: user, Level: "None", Rights: levels["None"]}
		if i := slices.IndexFunc(f.Permissions, func(p mailstore.Permission) bool { return p.User == user }); i >= 0 {
			p = f.Permissions[i]
		}
		all = append(all, p)
	}
	for _, p := range f.Permissions {
		if p.User != "Default" && p.User != "Anonymous" {
			all = append(all, p)
		}
	}
	return all
}

// permissionSet writes the permissions of a folder.
func (e *encoder) permissionSet(f *mailstore.Folder, kind string) {
	all := inOrder(f)
	list, element, level := "t:Permissions", "t:Permission", "t:PermissionLevel"
	if kind == "CalendarFolder" {
		list, element, level = "t:CalendarPermissions", "t:CalendarPermission", "t:CalendarPermissionLevel"
	}
	e.Open("t:PermissionSet")
	e.Open(list)
	for _, p := range all {
		e.Open(element)
		e.Open("t:UserId")
		if p.User == "Default" || p.User == "Anonymous" {
			e.Leaf("t:DistinguishedUser", p.User)
		} else {
			if p.SID != "" {
				e.Leaf("t:SID", p.SID)
			}
			e.Leaf("t:PrimarySmtpAddress", p.User)
			if p.Name != "" {
				e.Leaf("t:DisplayName", p.Name)
			}
		}
		e.Close()
		e.Bool("t:CanCreateItems", p.Rights.CreateItems)
		e.Bool("t:CanCreateSubFolders", p.Rights.CreateSubFolders)
		e.Bool("t:IsFolderOwner", p.Rights.Owner)
		e.Bool("t:IsFolderVisible", p.Rights.Visible)
		e.Bool("t:IsFolderContact", p.Rights.Contact)
		e.Leaf("t:EditItems", p.Rights.Edit)
		e.Leaf("t:DeleteItems", p.Rights.Delete)
		e.Leaf("t:ReadItems", p.Rights.Read)
		e.Leaf(level, p.Level)
		e.Close()
	}
	e.Close()
	e.Close()
}
