package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

func (r *Repo) authError(detail, setting string, err error) *AuthError {
	return &AuthError{URL: r.String(), Setting: setting, Detail: detail, Err: err}
}

func (r *Repo) unreachable(detail, setting string, err error) *UnreachableError {
	return &UnreachableError{URL: r.String(), Setting: setting, Detail: detail, Err: err}
}

// explain makes one of this package's errors of whatever went wrong while
// talking to the server, unless it is one already.
func (r *Repo) explain(ctx context.Context, err error) error {
	switch {
	case err == nil, ours(err):
		return err
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", r, context.Canceled)
	case ctx.Err() != nil:
		e := r.unreachable("did not answer in time", "repository.url and the network", context.DeadlineExceeded)
		e.Temporary = true
		return e
	}
	err = unwrapLibrary(err)
	var status *statusError
	var server *serverError
	var line *pktline.ErrorLine
	switch {
	case errors.As(err, &status):
		return r.explainStatus(status)
	case errors.As(err, &server) && server.begun:
		return r.explainBroken("gave up in the middle: "+server.said, server)
	case errors.As(err, &server):
		return r.explainServer(server)
	case errors.As(err, &line):
		return r.explainServer(&serverError{said: clean(line.Text)})
	case tooLarge(err):
		return r.explainTooLarge(err)
	case errors.Is(err, errDamaged):
		return r.explainBroken("sent a pack that is damaged ("+clean(err.Error())+")", err)
	case errors.Is(err, errLeftOut):
		return r.explainBroken(clean(err.Error()), err)
	case errors.Is(err, transport.ErrEmptyUploadPackRequest):
		return r.explainBroken("answered a fetch with nothing", err)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return r.notFound(err)
	}
	return r.explainNetwork(err)
}

// ours says whether an error has been explained, or needs no server to happen.
func ours(err error) bool {
	var auth *AuthError
	var key *HostKeyError
	var unreachable *UnreachableError
	var moved *MovedError
	var refused *RefusedError
	var locked *LockedError
	var local *localError
	return errors.Is(err, ErrNoBranch) || errors.As(err, &locked) || errors.As(err, &auth) || errors.As(err, &key) || errors.As(err, &local) ||
		errors.As(err, &unreachable) || errors.As(err, &moved) || errors.As(err, &refused)
}

// unwrapLibrary digs out the cause; the library's own wrappers hide it from
// errors.As.
func unwrapLibrary(err error) error {
	var unexpected *plumbing.UnexpectedError
	var permanent *plumbing.PermanentError
	switch {
	case errors.As(err, &unexpected):
		return unwrapLibrary(unexpected.Err)
	case errors.As(err, &permanent):
		return unwrapLibrary(permanent.Err)
	}
	return err
}

func (r *Repo) credentials() string {
	if r.remote.kind == kindSSH {
		return "repository.auth.sshKeyFile"
	}
	return "repository.auth.tokenFile"
}

func (r *Repo) notFound(err error) error {
	if r.remote.kind == kindLocal {
		return r.unreachable("is not a git repository that can be read", "repository.url", err)
	}
	return r.unreachable("says there is no such repository, or none that these credentials may see", "repository.url and "+r.credentials(), err)
}

func (r *Repo) explainStatus(status *statusError) error {
	switch status.code {
	case http.StatusUnauthorized:
		return r.authError("refused the credentials (401)", r.credentials(), status)
	case http.StatusForbidden:
		return r.authError("does not permit this to these credentials (403)", r.credentials(), status)
	case http.StatusNotFound:
		return r.notFound(status)
	}
	e := r.unreachable(status.Error(), "", status)
	e.Temporary, e.RetryAfter = status.busy(), status.retryAfter
	switch {
	case status.earlier:
		e.Detail += " before, and is left alone for another " + e.RetryAfter.String()
	case e.RetryAfter > 0:
		e.Detail += " and asks to be left alone for " + e.RetryAfter.String()
	}
	switch {
	case !e.Temporary:
		e.Setting = "repository.url"
	case status.code == http.StatusTooManyRequests:
		e.Remedy = "it is asked again by itself: raise daemon.interval if this happens often"
	default:
		e.Remedy = "it is asked again by itself"
	}
	return e
}

// explainServer reads the words that forges and git itself print over SSH.
func (r *Repo) explainServer(server *serverError) error {
	said := strings.ToLower(server.said)
	for _, sign := range []string{"not found", "does not appear to be a git repository", "does not exist", "no such", "could not be found"} {
		if strings.Contains(said, sign) {
			return r.notFound(server)
		}
	}
	for _, sign := range []string{"denied", "permission", "not authorized", "not allowed", "forbidden", "access"} {
		if strings.Contains(said, sign) {
			return r.authError("does not permit this: "+server.said, r.credentials(), server)
		}
	}
	return r.unreachable("answered: "+server.said, "repository.url", server)
}

// fsck is what to do about a repository whose objects do not arrive whole.
const fsck = "it is asked for again by itself: if this stays so, run git fsck in the repository on the server"

func (r *Repo) explainBroken(detail string, err error) error {
	e := r.unreachable(detail, "", err)
	e.Temporary, e.Remedy = true, fsck
	return e
}

// tooLarge says that an answer was cut off here. The library's wrappers pass on
// no more than the words.
func tooLarge(err error) bool {
	return errors.Is(err, errTooLarge) || strings.Contains(err.Error(), errTooLarge.Error())
}

func (r *Repo) explainTooLarge(err error) error {
	e := r.unreachable(fmt.Sprintf("sent more than the %d MiB that this program is willing to unpack", r.config.MaxBytes>>20), "", err)
	e.Remedy = "keep large files out of the branch, or let the server hand out parts (git config uploadpack.allowFilter true, and uploadpack.allowAnySHA1InWant true)"
	return e
}

// localError is a fault that lies with this machine or with the caller.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }
