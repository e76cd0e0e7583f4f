package ewsmail

import (
	"errors"
	"fmt"
	"io"
)

// contents are the exports or the MIME forms of several items, as [ews.Exports] yields them.
type contents interface {
	Next() bool
	ItemErr() error
	Reader() io.Reader
	Err() error
	Close() error
}

// convoy is the content of several items on its way into a request, one item after
// another. A request that is sent again starts over with the first one.
type convoy struct {
	get     func() (contents, error)
	exports contents // nil: none is open
	next    int      // which item is opened next
	failed  error    // why an item could not be read completely
}

// begin asks for the items.
func (c *convoy) begin() error {
	c.close()
	c.exports, c.failed = c.get()
	c.next = 0
	return c.failed
}

// open opens the content of an item. What it returns is valid until the next one is opened.
func (c *convoy) open(n int) (io.ReadCloser, error) {
	if n == 0 && (c.exports == nil || c.next > 0) {
		if err := c.begin(); err != nil {
			return nil, err
		}
	}
	if n != c.next || c.exports == nil {
		return nil, c.fail(fmt.Errorf("item %d of a batch was asked for out of turn", n))
	}
	c.next++
	if !c.exports.Next() {
		err := c.exports.Err()
		if err == nil {
			err = errors.New("the server returned fewer items than it was asked for")
		}
		return nil, c.fail(err)
	}
	if err := c.exports.ItemErr(); err != nil {
		return nil, c.fail(err)
	}
	return io.NopCloser(c), nil
}

// Read reads from the item that is open, and remembers why it failed.
func (c *convoy) Read(p []byte) (int, error) {
	n, err := c.exports.Reader().Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.fail(err)
	}
	return n, err
}

func (c *convoy) fail(err error) error {
	c.failed = err
	return err
}

func (c *convoy) close() {
	if c.exports != nil {
		c.exports.Close()
		c.exports = nil
	}
}
