package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// stream is git's protocol over a pair of pipes to git-upload-pack or
// git-receive-pack. The context it was opened with closes the pipes, so no read
// or write outlasts it.
type stream struct {
	in     io.WriteCloser
	out    io.Reader
	said   head   // standard error
	hangUp func() // ends the program or the connection; may be called again, from anywhere
	await  func() // waits until the program has ended, so that said is complete; likewise
	begun  bool   // a pack was asked for or sent
}

// lastWordsDelay is how long the other end may take to end after a conversation
// broke off.
const lastWordsDelay = 2 * time.Second

// serverError is what the other end printed instead of an answer.
type serverError struct {
	said  string
	begun bool // in the middle of its work, not at the door
}

func (e *serverError) Error() string { return e.said }

// Close tells the other end that nothing more will come, and hangs up.
func (s *stream) Close() error {
	if !s.begun {
		// A flush ends the conversation politely (gitprotocol-pack, "Packfile
		// Negotiation").
		_, _ = s.in.Write(pktline.FlushPkt)
	}
	_ = s.in.Close()
	s.hangUp()
	s.await()
	return nil
}

// AdvertisedReferencesContext reads what the other end begins with.
func (s *stream) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	refs := packp.NewAdvRefs()
	err := refs.Decode(&atMost{r: s.out, left: maxRefs})
	var line *pktline.ErrorLine
	switch {
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return nil, transport.ErrEmptyRemoteRepository
	case errors.As(err, &line):
		return nil, &serverError{said: clean(line.Text)}
	case err != nil:
		return nil, s.lastWords(err)
	}
	transport.FilterUnsupportedCapabilities(refs.Capabilities)
	return refs, nil
}

// lastWords are what the other end printed before a conversation broke off; err
// if it printed nothing, or if it was this end that broke off.
func (s *stream) lastWords(err error) error {
	if tooLarge(err) {
		return err
	}
	_ = s.in.Close()
	timer := time.AfterFunc(lastWordsDelay, s.hangUp)
	defer timer.Stop()
	s.await()
	if said := s.said.String(); said != "" {
		return &serverError{said: said, begun: s.begun}
	}
	return err
}

// UploadPack asks for one pack. The response must be closed.
func (s *stream) UploadPack(_ context.Context, request *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	s.begun = true
	// An end that has its reasons not to read on has said them.
	unsaid := s.ask(request)
	response := packp.NewUploadPackResponse(request)
	err := response.Decode(io.NopCloser(s.out))
	switch {
	case err != nil:
		return nil, s.lastWords(fmt.Errorf("reading the answer to a fetch: %w", err))
	case unsaid != nil:
		return nil, s.lastWords(unsaid)
	}
	return response, nil
}

// ask says which pack is wanted.
func (s *stream) ask(request *packp.UploadPackRequest) error {
	if err := request.UploadRequest.Encode(s.in); err != nil {
		return err
	}
	// No flush between the haves and "done": all is said at once, and answered
	// once.
	if err := request.UploadHaves.Encode(s.in, false); err != nil {
		return err
	}
	return pktline.NewEncoder(s.in).EncodeString("done\n")
}

// ReceivePack pushes, and returns the other end's report. A report that is
// missing is no error.
func (s *stream) ReceivePack(_ context.Context, request *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	s.begun = true
	// An end that has its reasons not to read on has printed them.
	if err := request.Encode(s.in); err != nil {
		return nil, s.lastWords(err)
	}
	if err := s.in.Close(); err != nil {
		return nil, s.lastWords(err)
	}
	if !request.Capabilities.Supports(capability.ReportStatus) {
		s.await()
		return nil, nil
	}
	out := s.out
	if request.Capabilities.Supports(capability.Sideband64k) {
		demuxer := sideband.NewDemuxer(sideband.Sideband64k, out)
		demuxer.Progress = request.Progress
		out = demuxer
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, s.lastWords(err)
	}
	// Hooks that run after the push belong to it: hanging up would end them.
	s.await()
	return report, report.Error()
}
