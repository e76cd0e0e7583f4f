package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/ewsschema"

func getItem(c *call) *refusal {
	shape, refused := c.itemShape(c.op.Child("ItemShape"), false)
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if refused != nil {
			return nil, refused
		}
		it, refused := c.item(n)
		if refused == nil {
			refused = sound(n)
		}
		if refused == nil {
			refused = shape.fits(it.Kind())
		}
		if refused != nil {
			return nil, refused
		}
		return func() {
			c.out.Open("m:Items")
			c.out.writeItem(it, shape)
			c.out.Close()
		}, nil
	})
	return nil
}
