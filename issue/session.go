package issue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-acme/lego/v4/acme/api"

	"github.com/acmsync/acmsync/internal/record"
)

// session is a lego client for the length of one call, and the transport that
// this client sends all its requests through.
//
// lego's Core takes no context, drops Retry-After and most of what a refusal
// says, and keeps nonces to itself. A Core per call makes up for it: its
// transport knows the call's context and remembers the last answer. It costs no
// request, because the directory and the nonces come from what the CA object
// already has. (The context is a field for this one reason; a session does not
// outlive the call.)
type session struct {
	ca   *CA
	ctx  context.Context
	now  time.Time
	core *api.Core
	last exchange
	// after is when the CA wants to be asked again, the latest of what the
	// call's answers said; zero: none did.
	after  time.Time
	badOne int // nonces that were refused
}

// patience is how many refused nonces lego may make up for: it sleeps before
// each, longer each time, and cannot be woken.
const patience = 2

// exchange is one request's answer, or why there was none.
type exchange struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// maxBody is what is read of an answer; chains are a few KiB.
const maxBody = 1 << 20

// open makes a session in the name of the account kid; empty: of its key alone.
func (c *CA) open(ctx context.Context, kid string, now time.Time) (*session, error) {
	if _, err := c.knownDirectory(ctx); err != nil {
		return nil, err
	}
	s := &session{ca: c, ctx: ctx, now: now}
	core, err := api.New(&http.Client{Transport: s}, c.config.UserAgent, c.config.Directory, kid, c.config.Key)
	if err != nil {
		return nil, s.failure("directory", err)
	}
	s.core = core
	return s, nil
}

// RoundTrip answers from memory what needs no request, and sends the rest.
func (s *session) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case http.MethodGet:
		if raw := s.ca.directory.cached(); raw != nil && req.URL.String() == s.ca.config.Directory {
			return answer(req, exchange{status: http.StatusOK, header: http.Header{}, body: raw}), nil
		}
	case http.MethodHead:
		value, err := s.nonce()
		if value != "" {
			return answer(req, exchange{status: http.StatusOK, header: http.Header{"Replay-Nonce": {value}}}), nil
		}
		s.last = unsent(err)
		if err == nil {
			s.last = s.ca.exchange(s.ctx, atNewNonce, req)
		}
	default:
		s.last = s.ca.send(s.ctx, s.ca.directory.kindOf(req.URL.String()), req)
	}
	if s.last.err != nil {
		return nil, s.last.err
	}
	s.keepNonce(req, s.last)
	if after := retryAfter(s.last.header, s.now); after.After(s.after) {
		s.after = after
	}
	shown := s.last
	if shown.status >= http.StatusBadRequest && (!isProblem(shown.body) || s.badOne > patience) {
		// lego panics on a refusal whose body is the JSON null, and quotes
		// whole pages. What the CA really said is in s.last.
		shown.body = []byte("{}")
	}
	return answer(req, shown), nil
}

// nonce is one from the pool; empty: it is our turn to ask for one. In between
// it waits for either, so that many orders that begin at once do not all ask.
func (s *session) nonce() (string, error) {
	for {
		if value, ok := s.ca.nonces.take(time.Now()); ok {
			return value, nil
		}
		wait, err := s.ca.gates[atNewNonce].try()
		if wait == 0 || err != nil {
			return "", err
		}
		if err := sleep(s.ctx, min(wait, nonceLook)); err != nil {
			return "", err
		}
	}
}

// keepNonce moves the answer's nonce to the pool. lego must not see it: its own
// pool would use it a second time.
func (s *session) keepNonce(req *http.Request, x exchange) {
	if req.Method != http.MethodPost {
		return
	}
	if x.status == http.StatusBadRequest && problemOf(x.body).Type == record.ErrorURN+"badNonce" {
		s.badOne++
		s.ca.nonces.clear()
	}
	s.ca.nonces.put(x.header.Get("Replay-Nonce"), time.Now())
	x.header.Del("Replay-Nonce")
}

// send makes one exchange with the CA when the turn of a request of that kind has
// come, and not before: no time of the exchange runs out while it waits.
func (c *CA) send(ctx context.Context, kind string, req *http.Request) exchange {
	if err := c.gates[kind].enter(ctx); err != nil {
		return unsent(err)
	}
	return c.exchange(ctx, kind, req)
}

// unsent is the exchange that was not made. While the CA wants none, it is what
// the CA last said.
func unsent(err error) exchange {
	var paused *pausedError
	if errors.As(err, &paused) {
		return paused.answer
	}
	return exchange{err: err}
}

// exchange makes one, its turn taken, and reads the answer to its end.
func (c *CA) exchange(ctx context.Context, kind string, req *http.Request) exchange {
	x := c.deliver(ctx, kind, req)
	if x.err == nil {
		c.gates[kind].heed(kind, x)
	}
	return x
}

// errPlain is of a URL that the CA names and that is not to be followed.
var errPlain = errors.New("the CA names a URL that is not https (RFC 8555, section 6.1)")

// deliver sends the request. All URLs but the directory's are the CA's own words.
func (c *CA) deliver(ctx context.Context, kind string, req *http.Request) exchange {
	if req.URL.Scheme != "https" || req.URL.User != nil {
		return exchange{err: errPlain}
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	ctx = context.WithValue(ctx, attemptKey{}, attempt{req.Method, c.gates[kind]})
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil { // perhaps that a pause began before it could be repeated
		return unsent(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return exchange{err: fmt.Errorf("reading the answer: %w", err)}
	case len(body) > maxBody:
		return exchange{err: fmt.Errorf("the answer is larger than %d bytes", maxBody)}
	}
	return exchange{status: resp.StatusCode, header: resp.Header, body: body}
}

func answer(req *http.Request, x exchange) *http.Response {
	return &http.Response{
		Status: http.StatusText(x.status), StatusCode: x.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.header, Body: io.NopCloser(bytes.NewReader(x.body)), ContentLength: int64(len(x.body)),
		Request: req,
	}
}
