package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Labs opens a lab with each access, one after the other; the caller must close each. A
// refused sign-in ends the sequence, because Exchange counts them and locks the account.
// See [Open] for base.
func (s *Settings) Labs(ctx context.Context, base http.RoundTripper) iter.Seq2[*Lab, error] {
	return func(yield func(*Lab, error) bool) {
		for _, access := range s.Access {
			lab, err := Open(ctx, s, access, base)
			refused := errors.Is(err, ews.ErrUnauthorized)
			if refused {
				err = fmt.Errorf("the sign-in was refused and is not tried again, lest the account be locked: %w", err)
			}
			if !yield(lab, err) || refused {
				return
			}
		}
	}
}
