package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxList is what is read of a list: several times the largest that public CAs
// have.
const maxList = 16 << 20

// listClient goes through no proxy, which could reach what the guard refuses,
// follows no redirect, and has nothing unpacked, so that a list is never larger
// than what was read.
func listClient(guard Guard, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer{guard: guard, timeout: timeout / 3}.dial,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxResponseHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// restError says that somebody is not asked for now.
type restError struct{ until time.Time }

func (e *restError) Error() string {
	return "it gave no list before, and is not asked again before " + e.until.UTC().Format(time.RFC3339)
}

// fetch asks for a list, unless the address or its host gave none a while ago.
func (r *Revocations) fetch(ctx context.Context, at string, issuer *x509.Certificate, now time.Time) (*revocationList, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	select {
	case r.fetches <- struct{}{}:
		defer func() { <-r.fetches }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := r.resting(now, at, u.Host); err != nil {
		return nil, err
	}
	brief, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	body, err := r.get(brief, at, now)
	var list *revocationList
	if err == nil {
		list, err = readList(body, issuer, at, now)
	}
	if err != nil && ctx.Err() == nil {
		r.letRest(err, at, u.Host, now)
	}
	return list, err
}

// unansweredError is about the host, not about one list of it.
type unansweredError struct {
	error
	after time.Duration // what the server asked for
}

func (e *unansweredError) Unwrap() error { return e.error }

func (r *Revocations) get(ctx context.Context, at string, now time.Time) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "acmsync (+https://github.com/acmsync/acmsync; looking for revoked certificates)")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, &unansweredError{error: err}
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return nil, &unansweredError{fmt.Errorf("the server answered %d", code), waitOf(response.Header, now)}
	case code != http.StatusOK:
		return nil, fmt.Errorf("the server answered %d", code)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxList+1))
	switch {
	case err != nil:
		return nil, &unansweredError{error: err}
	case len(body) > maxList:
		return nil, fmt.Errorf("the list is larger than %d bytes", maxList)
	}
	return body, nil
}

// waitOf reads both forms of Retry-After (RFC 9110, section 10.2.3).
func waitOf(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if until, err := http.ParseTime(value); err == nil {
		return until.Sub(now)
	}
	return 0
}

func (r *Revocations) resting(now time.Time, whom ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range whom {
		// A clock that was set back must not make this last for years.
		if until := r.rests[one]; now.Before(until) && until.Sub(now) <= longestRest {
			return &restError{until}
		}
	}
	return nil
}

func (r *Revocations) letRest(why error, at, host string, now time.Time) {
	whom, wait := at, useless
	var unanswered *unansweredError
	if errors.As(why, &unanswered) {
		whom, wait = host, min(max(rest, unanswered.after), longestRest)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rests) > maxCopies {
		clear(r.rests)
	}
	r.rests[whom] = now.Add(wait)
}
