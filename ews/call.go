package ews

import (
	"context"
	"errors"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// operation ties a request to the type of its response.
type operation[R any] interface {
	// task describes how to send the request. It fails if a field is invalid.
	task() (task, error)
	// encode writes the request element for version v.
	encode(e *xmlwire.Encoder, v Version)
	// decode reads the answer, whose current element is the response element.
	decode(a *answer) (R, error)
}

// task is what the client must know about a request to send it.
type task struct {
	op       Operation
	least    Version // the oldest version that can express the request; 0: any
	what     string  // what needs that version
	contents []Content
	stream   bool           // the answer may be of any length
	live     time.Duration  // the answer stays open for this long, and consists of documents; 0: no
	expects  []ResponseCode // refusals that are ordinary answers
	sends    *int           // requests sent so far
	keep     int64          // the answer is kept as received, up to this many bytes; 0: no
	encode   func(e *xmlwire.Encoder, v Version)
}

// do sends a request and reads the answer. Reads are retried as set in Options.
func do[R any](ctx context.Context, c *Client, req operation[R]) (R, error) {
	var result R
	t, err := prepare(c, req)
	if err != nil {
		return result, err
	}
	err = c.perform(ctx, &t, func(a *answer) (err error) {
		result, err = req.decode(a)
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	return result, nil
}

// prepare checks a request.
func prepare[R any](c *Client, req operation[R]) (task, error) {
	t, err := req.task()
	if err == nil {
		err = c.checkView()
	}
	if err != nil {
		return task{}, &requestError{t.op, c.mailbox, err}
	}
	t.encode = req.encode
	return t, nil
}

func (c *Client) checkView() error {
	switch {
	case c.affinity != nil && (c.affinity.anchor == "" || !headerSafe(c.affinity.anchor)):
		return wrong("the anchor of Client.Affinity", "is %q: use the address of a mailbox", c.affinity.anchor)
	case !c.view:
		return nil
	case c.mailbox == "":
		return wrong("the mailbox of Client.Impersonating or Client.ForMailbox", "is empty")
	case !headerSafe(c.mailbox):
		return wrong("the mailbox of Client.Impersonating or Client.ForMailbox", "contains a control character")
	}
	return nil
}

// perform sends a request, and retries it if it only reads and the error is
// transient.
func (c *Client) perform(ctx context.Context, t *task, read func(*answer) error) error {
	p := c.patience(t.op)
	for {
		err := c.attempt(ctx, t, read)
		if err == nil || !p.again(ctx, err) {
			return p.outcome(err)
		}
	}
}

// attempt sends a request once, or as often as it takes to find a version that
// the server speaks: a request refused because of its version is not executed.
func (c *Client) attempt(ctx context.Context, t *task, read func(*answer) error) error {
	v := c.state.version()
	var refusal error // the last refusal because of the version
	var doubt error   // the first error that may be due to the version
	for {
		if v < t.least {
			return c.tooOld(t, v, errors.Join(refusal, doubt))
		}
		judgement, err := c.once(ctx, t, v, read)
		switch judgement {
		case versionRefused:
			c.state.stepDown(v)
			refusal = err
		case versionDoubted:
			if doubt == nil {
				doubt = err
			}
		default:
			if doubt != nil && understood(err) {
				// An older version helped, so the version was the problem.
				c.state.stepDown(v + 1)
			}
			return err
		}
		if v == Exchange2010 {
			if doubt != nil {
				return doubt
			}
			return err
		}
		v = max(Exchange2010, min(v-1, c.state.version()))
	}
}

func (c *Client) tooOld(t *task, v Version, refusal error) error {
	return &versionError{op: t.op, mailbox: c.mailbox, speaks: v, least: t.least, what: t.what, err: refusal}
}

// judgement is what an answer reveals about the version of its request.
type judgement int

const (
	versionAccepted judgement = iota
	versionRefused
	versionDoubted
)

// deliver works as send does, but also copes with a server that refuses chunked requests.
func (c *Client) deliver(ctx context.Context, t *task, v Version) (*answer, error) {
	if !t.unmeasured() {
		return c.send(ctx, t, v)
	}
	if !c.noChunks.Load() {
		a, err := c.send(ctx, t, v)
		if !refusesChunks(err) {
			return a, err
		}
	}
	for n := 1; ; n++ {
		sized, err := t.withLength()
		if err != nil {
			return nil, &TransportError{Operation: t.op, Mailbox: c.mailbox, URL: c.place(), Err: err, partial: true}
		}
		a, err := c.send(ctx, sized, v)
		if n < maxMeasured && anotherLength(err) {
			continue
		}
		if !refusesChunks(err) {
			c.noChunks.Store(true)
		}
		return a, err
	}
}

// once sends one request, and a second only if the first was refused because it was
// chunked.
func (c *Client) once(ctx context.Context, t *task, v Version, read func(*answer) error) (judgement, error) {
	known := !c.state.lastBuild().IsZero()
	a, err := c.deliver(ctx, t, v)
	if err == nil {
		err = a.guarded(func() error { return read(a) })
		refused := a.versionRefused(t)
		if !a.detached || refused {
			a.close(err)
		}
		if refused {
			return versionRefused, err
		}
		return versionAccepted, err
	}
	if e, ok := errors.AsType[*HTTPError](err); ok && e.version {
		return versionRefused, err
	}
	e, ok := errors.AsType[*ResponseError](err)
	switch {
	case !ok:
		return versionAccepted, err
	case isVersionRefusal(e.Code):
		return versionRefused, err
	case !known && (e.Code == codeInvalidRequest || e.Code == codeSchemaValidation):
		// An old server's schema lists the versions it knows. Once any answer
		// has revealed the build, such a fault means something else.
		return versionDoubted, err
	}
	return versionAccepted, err
}

// understood reports whether the server understood the request, whatever the
// outcome.
func understood(err error) bool {
	if err == nil {
		return true
	}
	_, ok := errors.AsType[*ResponseError](err)
	return ok
}
