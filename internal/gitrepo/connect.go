package gitrepo

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

func (r *Repo) connectUpload(ctx context.Context) (uploader, error) {
	if r.remote.kind != kindHTTP {
		return r.connectStream(ctx, transport.UploadPackServiceName)
	}
	client, auth, err := r.httpSession()
	if err != nil {
		return nil, err
	}
	return client.NewUploadPackSession(r.remote.endpoint(), auth)
}

func (r *Repo) connectReceive(ctx context.Context) (receiver, error) {
	if r.remote.kind != kindHTTP {
		return r.connectStream(ctx, transport.ReceivePackServiceName)
	}
	client, auth, err := r.httpSession()
	if err != nil {
		return nil, err
	}
	return client.NewReceivePackSession(r.remote.endpoint(), auth)
}

func (r *Repo) connectStream(ctx context.Context, service string) (*stream, error) {
	open := r.openSSH
	if r.remote.kind == kindLocal {
		open = r.openLocal
	}
	s, err := open(ctx, service)
	if err != nil {
		return nil, err
	}
	// One conversation: what comes in it is bounded as a whole.
	s.out = &atMost{r: s.out, left: r.config.MaxBytes}
	return s, nil
}

// endpoint is the address in the git library's form. The library puts the path
// into URLs as it is, so it stays escaped.
func (r remote) endpoint() *transport.Endpoint {
	return &transport.Endpoint{Protocol: r.scheme, Host: r.bracketed(), Port: r.port, Path: r.path}
}
