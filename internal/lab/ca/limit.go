package ca

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"time"
)

// Rate is a limit on requests: so many come back each second, to so many that
// may be made at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// limit is a bucket that requests of some kinds share.
type limit struct {
	rate   Rate
	kinds  []Kind
	tokens float64
	at     time.Time
}

// Enforce limits, from now on, the requests of these kinds together, as the load
// balancers of Let's Encrypt do: what is above is answered 503 with Retry-After,
// and the CA does not see it. Request.Limited tells.
func (c *CA) Enforce(r Rate, kinds ...Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = append(c.limits, &limit{rate: r, kinds: kinds, tokens: float64(r.Burst), at: time.Now()})
}

// limited takes a token for the request, and reports whether there was none.
func (c *CA) limited(kind Kind, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.limits {
		if slices.Contains(l.kinds, kind) && !l.take(now) {
			return true
		}
	}
	return false
}

func (l *limit) take(now time.Time) bool {
	l.tokens = min(l.tokens+now.Sub(l.at).Seconds()*l.rate.PerSecond, float64(l.rate.Burst))
	l.at = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

// turnAway answers what is above a limit.
func (c *CA) turnAway(w http.ResponseWriter, r *http.Request, kind Kind) {
	c.note(&Request{Method: r.Method, Path: r.URL.Path, Kind: kind, At: time.Now(), Status: http.StatusServiceUnavailable, Limited: true})
	answer := httptest.NewRecorder()
	answer.Header().Set("Retry-After", "1")
	answer.WriteHeader(http.StatusServiceUnavailable)
	c.send(w, answer, 0)
}

// Limited are the requests that were above a limit.
func (c *CA) Limited() []Request {
	return slices.DeleteFunc(c.Requests(), func(r Request) bool { return !r.Limited })
}
