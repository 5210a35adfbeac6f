package ca

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"time"
)

// maxBody is more than any ACME request needs.
const maxBody = 1 << 20

// serve is the front: hooks and faults around Pebble.
func (c *CA) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the request: "+err.Error(), http.StatusBadRequest)
		return
	}
	if kind, _ := kindOf(r.URL.Path); c.limited(kind, time.Now()) {
		c.turnAway(w, r, kind)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen, post := c.describe(r, body)

	c.callHooks(&c.before, seen)
	trouble := c.faultFor(seen)
	seen.Faulted = trouble != nil
	if trouble == nil {
		trouble = new(Fault)
	}
	answer := c.suffer(trouble, seen, post, r)
	c.callHooks(&c.after, seen)

	if answer == nil || trouble.DropAnswer {
		c.note(seen)
		panic(http.ErrAbortHandler) // the one way net/http has to cut a connection
	}
	seen.Status = answer.Code
	c.note(seen)
	c.send(w, answer, trouble.SkewDate)
}

// suffer lets the fault do its worst and, if it lets the CA work, asks it. Nil:
// the connection is to be cut.
func (c *CA) suffer(f *Fault, seen *Request, post payload, r *http.Request) *httptest.ResponseRecorder {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil
		}
	}
	switch {
	case f.Drop:
		return nil
	case f.Respond != nil:
		answer := c.fresh(r)
		f.Respond(answer, r)
		return answer
	case f.Status != 0:
		answer := c.fresh(r)
		maps.Copy(answer.Header(), f.Header)
		answer.WriteHeader(f.Status)
		_, _ = answer.WriteString(f.Body)
		return answer
	}
	answer := c.ask(seen, post, r)
	maps.Copy(answer.Header(), f.Header)
	return answer
}

// fresh is an empty answer that carries a good nonce where Pebble's would.
func (c *CA) fresh(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	if r.Method == http.MethodPost {
		answer.Header().Set("Replay-Nonce", c.nonce(r))
	}
	return answer
}

// nonce takes a nonce from Pebble the way clients do.
func (c *CA) nonce(r *http.Request) string {
	c.pebble.Lock()
	defer c.pebble.Unlock()
	return c.nonceLocked(r)
}

func (c *CA) nonceLocked(r *http.Request) string {
	inner := r.Clone(r.Context())
	inner.Method, inner.URL.Path, inner.Body = http.MethodHead, "/nonce-plz", http.NoBody
	answer := httptest.NewRecorder()
	c.handler.ServeHTTP(answer, inner)
	return answer.Header().Get("Replay-Nonce")
}

// ask lets Pebble answer, or one of the stand-ins for what it lacks.
func (c *CA) ask(seen *Request, post payload, r *http.Request) *httptest.ResponseRecorder {
	c.pebble.Lock()
	defer c.pebble.Unlock()
	switch {
	case seen.Kind == NewOrder:
		if answer := c.existingOrder(post, r); answer != nil {
			return answer
		}
	case seen.Kind == RenewalInfo:
		_, id := kindOf(r.URL.Path)
		if answer := c.renewalInfo(id); answer != nil {
			return answer
		}
	case seen.Kind == Challenge && !seen.Read:
		if answer := c.judge(r); answer != nil {
			return answer
		}
	}
	answer := httptest.NewRecorder()
	c.handler.ServeHTTP(answer, r)
	switch {
	case seen.Kind == NewOrder && answer.Code == http.StatusCreated:
		c.rememberOrder(post, answer.Header().Get("Location"))
	case seen.Kind == Finalize && answer.Code == http.StatusOK:
		c.awaitIssuance(r)
	}
	return answer
}

func (c *CA) note(r *Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, *r)
}

func (c *CA) send(w http.ResponseWriter, answer *httptest.ResponseRecorder, skew time.Duration) {
	c.mu.Lock()
	own, write := c.skew, c.date
	c.mu.Unlock()
	now := time.Now().Add(skew + own).UTC()
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Date", now.Format(http.TimeFormat))
	if write != nil {
		w.Header()["Date"] = nil
		if date := write(now); date != "" {
			w.Header().Set("Date", date)
		}
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(later(answer.Body.Bytes(), own))
}

// expiry is when an order or authorization ends, in Pebble's answers.
var expiry = regexp.MustCompile(`("expires": ?")([^"]+)(")`)

// later has orders and authorizations end by the CA's clock, which is skew ahead
// of Pebble's.
func later(body []byte, skew time.Duration) []byte {
	if skew == 0 {
		return body
	}
	return expiry.ReplaceAllFunc(body, func(field []byte) []byte {
		m := expiry.FindSubmatch(field)
		at, err := time.Parse(time.RFC3339, string(m[2]))
		if err != nil {
			return field
		}
		return slices.Concat(m[1], []byte(at.Add(skew).Format(time.RFC3339)), m[3])
	})
}
