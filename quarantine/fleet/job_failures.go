package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// failures logs jobs that failed as a whole, and that River repeats or has given up.
type failures struct{ log *slog.Logger }

// HandleError logs an error, which is from the database or a plan. A job that cannot be
// read is cancelled, and another takes its place: see adopt.
func (f *failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if unread := json.Unmarshal(job.EncodedArgs, new(takeArgs)); unread != nil { // the other kinds have no further arguments
		f.log.ErrorContext(ctx, "job cannot be read, and is cancelled; what it was to do another does", "kind", job.Kind, "job", job.ID, "error", unread)
		return &river.ErrorHandlerResult{SetCancelled: true}
	}
	f.log.WarnContext(ctx, "job failed, and is tried again", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "of", job.MaxAttempts, "error", explain(err))
	return nil
}

// HandlePanic logs a panic. Its value may contain anything, so only its type is logged.
func (f *failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	f.log.ErrorContext(ctx, "panic in a job, which is tried again", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "of", job.MaxAttempts, "type", fmt.Sprintf("%T", value), "stack", trace)
	return nil
}
