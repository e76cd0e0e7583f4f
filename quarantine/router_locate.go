package quarantine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// silence is how long a server that did not answer is asked only if no other has the
// mailbox, so that a server that is down does not delay every new mailbox.
const silence = time.Minute

// ServerOf returns the name of the server to which a mailbox belongs. If the
// mailbox is neither claimed nor remembered, it asks the servers. The error
// matches [ErrInvalid], or is a [*RouteError].
func (r *Router) ServerOf(ctx context.Context, mailbox string) (string, error) {
	if err := mailname.CheckAddress(mailbox); err != nil {
		return "", driver.Invalid("mailbox", "", err.Error())
	}
	rt, err := r.locate(ctx, mailbox)
	if err != nil {
		return "", err
	}
	return rt.name(), nil
}

// locate returns the service for a mailbox. If the mailbox is claimed, or only one
// service may have it, no service is asked: the work itself will show whether it does.
func (r *Router) locate(ctx context.Context, address string) (*route, error) {
	if rt := r.remembered(address); rt != nil {
		return rt, nil
	}
	all, claimed := r.candidates(address)
	if claimed > 0 || len(all) == 1 {
		return all[0], nil
	}
	return r.seek(ctx, address, all)
}

// elsewhere looks for a mailbox on other services after an error suggests that
// the service failed does not have it. If failed has it after all, or there is
// no other service to ask, it returns cause; if no other service has it either,
// the error contains all answers.
func (r *Router) elsewhere(ctx context.Context, address string, failed *route, cause error) (*route, error) {
	r.forget(address, failed)
	all, _ := r.candidates(address)
	others := slices.DeleteFunc(all, func(rt *route) bool { return rt == failed })
	if len(others) == 0 || failed.ask(ctx, address, r.opts.AskFor) == nil {
		return nil, onServer(failed, cause)
	}
	rt, err := r.seek(ctx, address, others)
	if e, ok := errors.AsType[*RouteError](err); ok && len(e.Several) == 0 {
		e.Answers = slices.Insert(e.Answers, 0, &ServerError{Server: failed.name(), Err: cause})
	}
	if err != nil {
		return nil, err
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "mailbox has moved",
		slog.String("mailbox", address), slog.String("from", failed.name()), slog.String("to", rt.name()))
	return rt, nil
}

// seek asks which of some services has a mailbox, and remembers it.
func (r *Router) seek(ctx context.Context, address string, among []*route) (*route, error) {
	done, err := r.turn(ctx, address)
	if err != nil {
		return nil, err
	}
	defer done()
	if rt := r.remembered(address); rt != nil && slices.Contains(among, rt) {
		return rt, nil // another goroutine has asked in the meantime
	}
	answers := r.ask(ctx, address, among)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var here []*route
	failed := &RouteError{Mailbox: address}
	for i, err := range answers {
		if err == nil {
			here = append(here, among[i])
			continue
		}
		failed.Answers = append(failed.Answers, &ServerError{Server: among[i].name(), Err: err})
	}
	switch len(here) {
	case 0:
		return nil, failed
	case 1:
		r.remember(address, here[0])
		return here[0], nil
	}
	for _, rt := range here {
		failed.Several = append(failed.Several, rt.name())
	}
	return nil, failed
}

// ask returns the answers of services, nil for those that have the mailbox.
func (r *Router) ask(ctx context.Context, address string, among []*route) []error {
	answers := make([]error, len(among))
	var now, later []int
	for i, rt := range among {
		if rt.silent() {
			later = append(later, i)
			answers[i] = errors.New("not asked, because it did not answer a moment ago")
		} else {
			now = append(now, i)
		}
	}
	r.askThese(ctx, address, among, now, answers)
	if !slices.ContainsFunc(now, func(i int) bool { return answers[i] == nil }) {
		r.askThese(ctx, address, among, later, answers)
	}
	return answers
}

func (r *Router) askThese(ctx context.Context, address string, among []*route, which []int, answers []error) {
	places := make(chan struct{}, r.opts.AskAtOnce)
	var wg crew
	for _, i := range which {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			answers[i] = among[i].ask(ctx, address, r.opts.AskFor)
		})
	}
	wg.Wait()
}

// ask asks one service, and records if it does not answer.
func (rt *route) ask(ctx context.Context, address string, limit time.Duration) error {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := rt.probe(within, address)
	if err == nil || ctx.Err() != nil {
		return err
	}
	late := within.Err() != nil
	if late {
		err = fmt.Errorf("no answer within %v: %w", limit, err)
	}
	if cause := driver.CauseOf(err); cause == CauseUnreachable || cause == driver.CauseSignIn || late {
		rt.mu.Lock()
		rt.silentUntil = time.Now().Add(silence)
		rt.mu.Unlock()
	}
	return err
}

func (rt *route) silent() bool {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return time.Now().Before(rt.silentUntil)
}

// place is where a mailbox was found.
type place struct {
	route *route
	until time.Time
}

func (r *Router) remembered(address string) *route {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.places[strings.ToLower(address)]
	if !ok || time.Now().After(p.until) {
		return nil
	}
	return p.route
}

func (r *Router) remember(address string, rt *route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.places) >= r.opts.Remember {
		r.tidy()
	}
	r.places[strings.ToLower(address)] = place{rt, time.Now().Add(r.opts.RememberFor)}
}

// tidy makes room: it drops expired places and, if that is not enough,
// arbitrary ones until a quarter is free.
func (r *Router) tidy() {
	now := time.Now()
	for key, p := range r.places {
		if now.After(p.until) {
			delete(r.places, key)
		}
	}
	for key := range r.places {
		if len(r.places) <= r.opts.Remember-max(1, r.opts.Remember/4) {
			break
		}
		delete(r.places, key)
	}
}

// forget drops the place of a mailbox, unless it has been found elsewhere
// since.
func (r *Router) forget(address string, rt *route) {
	key := strings.ToLower(address)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.places[key].route == rt {
		delete(r.places, key)
	}
}

// turn waits until no other goroutine is asking about a mailbox.
func (r *Router) turn(ctx context.Context, address string) (done func(), err error) {
	key := strings.ToLower(address)
	for {
		r.mu.Lock()
		other, busy := r.asking[key]
		if !busy {
			mine := make(chan struct{})
			r.asking[key] = mine
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.asking, key)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
