package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// push moves one reference from old to new, if it still is at old.
type push struct {
	repo     *Repo
	ref      plumbing.ReferenceName
	session  receiver
	can      *capability.List
	old, new plumbing.Hash
	pack     []byte
	said     head
}

// open connects and reads where the reference is.
func (p *push) open(ctx context.Context) error {
	session, err := p.repo.connectReceive(ctx)
	if err != nil {
		return err
	}
	p.session, p.can = session, capability.NewList()
	refs, err := session.AdvertisedReferencesContext(ctx)
	switch {
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return nil
	case err != nil:
		p.close()
		return err
	}
	p.can, p.old = refs.Capabilities, refs.References[p.ref.String()]
	return nil
}

func (p *push) close() { _ = p.session.Close() }

// send pushes and finds out what came of it. errMoved asks for another try.
func (p *push) send(ctx context.Context) error {
	request := packp.NewReferenceUpdateRequestFromCapabilities(p.can)
	request.Commands = []*packp.Command{{Name: p.ref, Old: p.old, New: p.new}}
	request.Packfile = io.NopCloser(bytes.NewReader(p.pack))
	request.Progress = &p.said
	if p.can.Supports(capability.Sideband64k) {
		_ = request.Capabilities.Set(capability.Sideband64k)
	}
	report, err := p.session.ReceivePack(ctx, request)
	if report == nil {
		return p.unheard(ctx, err)
	}
	reason := verdict(report, p.ref)
	switch {
	case reason == "":
		return p.confirm(ctx)
	case report.UnpackStatus != "ok":
		return p.notStored(reason)
	}
	return p.declined(ctx, reason)
}

// verdict is why the server did not move the reference; "" if it says it did.
func verdict(report *packp.ReportStatus, ref plumbing.ReferenceName) string {
	if report.UnpackStatus != "ok" {
		return clean("unpacking failed: " + report.UnpackStatus)
	}
	for _, status := range report.CommandStatuses {
		if status.ReferenceName == ref {
			if status.Status == "ok" {
				return ""
			}
			return clean(status.Status)
		}
	}
	return "the server's report does not mention the branch"
}

// notStored is for a server that could not keep what it was sent: its disk is
// full or read-only, or the push is larger than it takes.
func (p *push) notStored(reason string) error {
	e := p.repo.unreachable("could not store the push to branch "+p.ref.Short()+" ("+reason+")", "", nil)
	if said := p.said.String(); said != "" {
		e.Detail += ": " + said
	}
	e.Temporary, e.Remedy = true, "it is pushed again by itself: if this stays so, see to the disk, the permissions and receive.maxInputSize on the server"
	return e
}

// unheard decides after an answer that was lost, or empty: a proxy in the way
// may answer 200 and nothing. Only the branch itself tells.
func (p *push) unheard(ctx context.Context, cause error) error {
	tip, err := p.repo.readRef(ctx, p.ref)
	switch {
	case err != nil && cause != nil:
		return cause
	case err != nil:
		return err
	case tip == p.new:
		return nil
	case cause != nil && tip == p.old:
		return cause
	case tip == p.old:
		return p.refused("the server answered nothing, and the branch did not move")
	}
	return errMoved
}

// confirmTries is how often the branch is read back before an accepted push is
// believed to be lost: copies of a forge lag behind each other.
const confirmTries = 3

// confirm reads the branch back after the server said that it moved. If it is
// elsewhere by now, somebody built on it.
func (p *push) confirm(ctx context.Context) error {
	for try := range confirmTries {
		tip, err := p.repo.readRef(ctx, p.ref)
		if err != nil || tip != p.old {
			// The report stands: not being able to look again does not undo it.
			return nil
		}
		if err := sleep(ctx, time.Duration(try+1)*100*time.Millisecond); err != nil {
			return err
		}
	}
	return p.refused("the server accepted the push, but the branch did not move")
}

// declined tells a lost race from a refusal. Servers word it in many ways, so
// the branch is looked at too.
func (p *push) declined(ctx context.Context, reason string) error {
	switch {
	case refusal(reason):
		return p.refused(reason)
	case lostRace(reason):
		return &heldError{reason: reason, at: p.old}
	}
	tip, err := p.repo.readRef(ctx, p.ref)
	if err != nil {
		return fmt.Errorf("after the push was declined (%s): %w", reason, err)
	}
	switch tip {
	case p.new:
		return nil // whatever the report says
	case p.old:
		return p.refused(reason)
	}
	return errMoved
}

// heldError says that the server declined as it does when a branch moves. It is
// errMoved, but for a branch that is found at the same place again and again:
// then somebody left a lock behind.
type heldError struct {
	reason string
	at     plumbing.Hash
}

func (e *heldError) Error() string   { return e.reason }
func (e *heldError) Is(t error) bool { return t == errMoved }

// refusal and lostRace know the words of git and of the forges.
func refusal(reason string) bool {
	return says(reason, "hook", "protected", "denied", "deny", "declined", "prohibited", "not allowed")
}

func lostRace(reason string) bool {
	return !refusal(reason) &&
		says(reason, "lock", "failed to update ref", "old value", "fetch first", "fast-forward", "already exists", "stale")
}

func says(reason string, signs ...string) bool {
	lower := strings.ToLower(reason)
	return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(lower, sign) })
}

func (p *push) refused(reason string) error {
	return &RefusedError{URL: p.repo.String(), Branch: p.ref.Short(), Reason: reason, Message: p.said.String()}
}
