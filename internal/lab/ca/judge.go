package ca

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// Verdict is how the validation of a name ends, without anybody looking.
type Verdict struct {
	// Valid: it succeeds. Otherwise Problem, if not nil, is why it fails, and
	// with neither it never ends.
	Valid   bool
	Problem *Problem
}

// Judge decides, from now on, how validations of the name end.
func (c *CA) Judge(name string, v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts[name] = v
}

// Acquit lets validations of the name be real again.
func (c *CA) Acquit(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.verdicts, name)
}

func (c *CA) verdict(name string) (Verdict, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.verdicts[name]
	if !ok && c.always {
		return Verdict{Valid: true}, true
	}
	return v, ok
}

// judge answers the POST that tells the CA to look, if there is a verdict for
// the name. Nil: there is none, or the challenge is under way, and Pebble is to
// answer.
func (c *CA) judge(r *http.Request) *httptest.ResponseRecorder {
	_, id := kindOf(r.URL.Path)
	challenge := c.db.GetChallengeByID(id)
	if challenge == nil {
		return nil
	}
	v, ok := c.verdict(challenge.Authz.Identifier.Value)
	if !ok || challenge.Status != acme.StatusPending {
		return nil
	}
	v.apply(challenge)
	raw, err := json.Marshal(challenge.Challenge)
	if err != nil {
		return nil
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Replay-Nonce", c.nonceLocked(r))
	answer.Header().Set("Link", "<"+challenge.Authz.URL+`>;rel="up"`)
	answer.Header().Set("Content-Type", "application/json; charset=utf-8")
	answer.WriteHeader(http.StatusOK)
	_, _ = answer.Write(raw)
	return answer
}

// apply writes the verdict where Pebble's validation would have.
func (v Verdict) apply(challenge *core.Challenge) {
	authz := challenge.Authz
	authz.Lock()
	defer authz.Unlock()
	challenge.Lock()
	defer challenge.Unlock()
	switch {
	case v.Valid:
		now := time.Now().UTC()
		authz.ExpiresDate = now.Add(time.Hour)
		authz.Expires = authz.ExpiresDate.Format(time.RFC3339)
		authz.Status, challenge.Status = acme.StatusValid, acme.StatusValid
		challenge.Validated = now.Format(time.RFC3339)
	case v.Problem != nil:
		var said acme.ProblemDetails
		if err := json.Unmarshal([]byte(v.Problem.document()), &said); err != nil {
			panic(err) // written by ourselves a line above
		}
		authz.Status, challenge.Status = acme.StatusInvalid, acme.StatusInvalid
		challenge.Error = &said
		authz.Order.Lock()
		authz.Order.Error = &said
		authz.Order.Unlock()
	default:
		challenge.Status = acme.StatusProcessing
	}
}
