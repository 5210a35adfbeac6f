package issue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// watched is the responder if its responses must be waited for, else nil.
func (j *journal) watched() Watched {
	w, _ := j.responder.(Watched)
	return w
}

// arrived puts the responses that the CA has not been told of in place, and
// reports whether all have arrived where the CA looks. If not, the order waits
// or, when that took too long, fails for now.
func (j *journal) arrived() (bool, error) {
	w := j.watched()
	if w == nil {
		return true, nil
	}
	all := true
	for i := range j.Authorizations {
		a := &j.Authorizations[i]
		if !untold(*a) {
			continue
		}
		if err := j.respond(a); err != nil {
			return false, err
		}
		there, err := j.arrivedOne(w, a)
		if err != nil {
			return false, err
		}
		all = all && there
	}
	if all {
		return true, nil
	}
	return false, j.wait()
}

func (j *journal) arrivedOne(w Watched, a *record.Authorization) (bool, error) {
	keyAuth, err := j.core.GetKeyAuthorization(a.Token)
	if err != nil {
		return false, fmt.Errorf("the key authorization for %s: %w", a.Name, err)
	}
	missing, err := w.Missing(j.ctx, a.Name, a.Token, keyAuth)
	if err != nil || len(missing) == 0 {
		return err == nil, err
	}
	if took := j.now.Sub(a.PresentedAt); took > w.Propagation() {
		a.PresentedAt = time.Time{} // the next attempt writes it anew
		j.Polls = 0
		return false, &record.Unanswered{
			Name: a.Name, Record: "_acme-challenge." + strings.TrimPrefix(a.Name, "*."), Late: true,
			Detail: fmt.Sprintf("after %s %s", took.Round(time.Second), strings.Join(missing[:min(len(missing), 3)], "; ")),
		}
	}
	return false, nil
}

// Abandoned takes away what an order that is over left behind, and returns the
// order as it then is. The error is the first; the others are tried all the
// same.
func Abandoned(ctx context.Context, o record.Order, r Responder) (record.Order, error) {
	var first error
	o.Authorizations = slices.Clone(o.Authorizations)
	for i := range o.Authorizations {
		a := &o.Authorizations[i]
		if !a.Presented {
			continue
		}
		if err := r.CleanUp(ctx, a.Name, a.Token); err != nil {
			first = cmp.Or(first, err)
			continue
		}
		a.Presented, a.PresentedAt = false, time.Time{}
	}
	return o, first
}
