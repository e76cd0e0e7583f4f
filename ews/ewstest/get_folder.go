package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/ewsschema"

func getFolder(c *call) *refusal {
	shape, refused := c.folderShape(c.op.Child("FolderShape"))
	c.batch(c.op.Child("FolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if refused != nil {
			return nil, refused
		}
		f, refused := c.folder(n)
		if refused == nil {
			refused = shape.lacks(f)
		}
		if refused != nil {
			return nil, refused
		}
		return func() {
			c.out.Open("m:Folders")
			c.out.writeFolder(f, shape)
			c.out.Close()
		}, nil
	})
	return nil
}
