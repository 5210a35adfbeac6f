package status

import (
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// frozen puts the refused file before everything else. Without a certificate
// nothing is tried for the domain until that file is mended, so what was wrong
// before is as it was last seen and no longer what to begin with. A certificate
// that is there is renewed and deployed all the same.
func (s DomainStatus) frozen(d record.Domain, refused *record.FileError) DomainStatus {
	if !d.Frozen || d.Held || d.Certificate != nil || refused == nil {
		return s
	}
	if s.Message == "" {
		s.Title = "Desired state refused"
		s.Message = "Nothing is begun for " + s.Name + " while its file of desired state is refused."
	}
	first := fmt.Sprintf("Mend %s:%d:%d first; nothing is tried for %s until then.",
		record.Clean(refused.File, maxText), refused.Line, refused.Column, s.Name)
	if s.Remedy == "" || s.Attention == "" {
		s.Remedy = first // there was nothing to do but wait, and that is over
	} else {
		s.Remedy = first + " Then: " + s.Remedy
	}
	s.Attention = more(s.Attention, string(failure.Owner))
	s.NextAttempt = time.Time{}
	return s
}

// refusedFile is the error that keeps an app from being read: its own file's,
// or, where no file names it any more, that of the file that may.
func (r Report) refusedFile(a record.App) *record.FileError {
	if a.Error == nil && len(r.Errors) > 0 {
		return &r.Errors[0]
	}
	return a.Error
}
