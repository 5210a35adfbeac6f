package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// uploader is the fetching end of git's protocol.
type uploader interface {
	AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error)
	UploadPack(context.Context, *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	io.Closer
}

// receiver is its pushing end.
type receiver interface {
	AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error)
	ReceivePack(context.Context, *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error)
	io.Closer
}

// link asks a server for packs, any number of times. HTTP goes on where it was;
// the other transports end after one pack and are opened again.
type link struct {
	repo    *Repo
	session uploader
	spent   bool
	refs    map[string]plumbing.Hash
	can     *capability.List
}

func (r *Repo) newLink() *link { return &link{repo: r} }

// open connects, unless it is connected, and reads which references there are.
// An empty repository has none.
func (l *link) open(ctx context.Context) error {
	if l.session != nil && !l.spent {
		return nil
	}
	l.close()
	session, err := l.repo.connectUpload(ctx)
	if err != nil {
		return err
	}
	l.session, l.spent = session, false
	advertised, err := session.AdvertisedReferencesContext(ctx)
	switch {
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		l.refs, l.can = map[string]plumbing.Hash{}, capability.NewList()
		return nil
	case err != nil:
		return err
	}
	l.refs, l.can = advertised.References, advertised.Capabilities
	return nil
}

// close hangs up. Over HTTP there is nothing to hang up, and what was learnt of
// the server stays good for the next pack.
func (l *link) close() {
	if l.session != nil && l.repo.remote.kind != kindHTTP {
		_ = l.session.Close()
		l.session = nil
	}
}

// partial says whether the server leaves out files and hands out single ones.
func (l *link) partial() bool {
	return l.can.Supports(capability.Filter) && l.can.Supports(capability.AllowReachableSHA1InWant)
}

// order is what a pack should hold.
type order struct {
	want, have []plumbing.Hash
	depth      int
	filter     packp.Filter
	// onlyKnown: read nothing unless the server knows one of have.
	onlyKnown bool
	// limit bounds what is unpacked; 0: Config.MaxBytes.
	limit int64
}

// fetch brings one pack into the store. known says whether the server has one
// of the commits that were said to be here.
func (l *link) fetch(ctx context.Context, o order) (known bool, err error) {
	if err := l.open(ctx); err != nil {
		return false, err
	}
	request := l.request(o)
	l.spent = l.repo.remote.kind != kindHTTP
	response, err := l.session.UploadPack(ctx, request)
	if err != nil {
		return false, err
	}
	defer response.Close()
	known = len(response.ACKs) > 0
	if o.onlyKnown && !known {
		return false, nil
	}
	pack, err := readPack(response, request.Capabilities, l.repo.config.MaxBytes)
	if err != nil {
		return known, err
	}
	return known, l.repo.store.add(pack, o.limit)
}

func (l *link) request(o order) *packp.UploadPackRequest {
	request := packp.NewUploadPackRequestFromCapabilities(l.can)
	request.Wants, request.Haves = o.want, o.have
	if o.depth > 0 && l.can.Supports(capability.Shallow) {
		request.Depth = packp.DepthCommits(o.depth)
		_ = request.Capabilities.Set(capability.Shallow)
	}
	if o.filter != "" && l.partial() {
		request.Filter = o.filter
		_ = request.Capabilities.Set(capability.Filter)
	}
	if l.can.Supports(capability.NoProgress) {
		_ = request.Capabilities.Set(capability.NoProgress)
	}
	return request
}

// fatalBand is how the library words what the server sends in the third band,
// before it gives up (gitprotocol-pack, "Packfile Data").
const fatalBand = "unexpected error: "

// readPack reads a whole pack, so that a connection that breaks leaves nothing
// half done.
func readPack(response io.Reader, can *capability.List, limit int64) ([]byte, error) {
	switch {
	case can.Supports(capability.Sideband64k):
		response = sideband.NewDemuxer(sideband.Sideband64k, response)
	case can.Supports(capability.Sideband):
		response = sideband.NewDemuxer(sideband.Sideband, response)
	}
	pack, err := io.ReadAll(&atMost{r: response, left: limit})
	switch {
	case err == nil:
		return pack, nil
	case tooLarge(err):
		return nil, errTooLarge
	}
	if _, words, ok := strings.Cut(err.Error(), fatalBand); ok {
		return nil, &serverError{said: clean(words), begun: true}
	}
	return nil, fmt.Errorf("reading a pack: %w", err)
}
