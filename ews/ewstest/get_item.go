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
			refused = c.minding(sound(n), it)
		}
		if refused == nil {
			refused = shape.suits(it)
		}
		if refused != nil {
			return nil, refused
		}
		fault, cut := c.strikes(is(faultShort), it)
		return func() {
			if cut {
				c.out.short = &fault.share
			}
			c.out.Open("m:Items")
			c.out.writeItem(it, shape)
			c.out.Close()
			c.out.short = nil
		}, nil
	})
	return nil
}
