package issue_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// answered are the requests of an order's way, and what comes before it.
var answered = []ca.Kind{
	ca.Directory, ca.NewNonce, ca.NewAccount, ca.NewOrder, ca.Authz, ca.Challenge, ca.Order, ca.Finalize, ca.Cert,
}

// FuzzAnswers has the CA answer one of the requests of an order with anything.
// What is kept of it is bounded, and it is said what is wrong.
func FuzzAnswers(f *testing.F) {
	long := strings.Repeat("x", 60_000)
	for i := range answered {
		f.Add(uint8(i), 200, "application/json", `{"status":"valid","identifier":{"type":"dns","value":"\u202e"},"challenges":[{"type":"http-01","token":"../../etc"}]}`)
		f.Add(uint8(i), 201, "application/json", `{"status":"ready","authorizations":["http://127.0.0.1/"],"finalize":"file:///etc/passwd"}`)
		f.Add(uint8(i), 403, "application/problem+json", `{"type":"`+long+`","detail":"\u001b[2J","subproblems":[{"type":"`+long+`","identifier":{"value":"`+long+`"}}]}`)
		f.Add(uint8(i), 429, "3600", `{"type":"urn:ietf:params:acme:error:rateLimited","status":-1}`)
		f.Add(uint8(i), 200, "", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
		f.Add(uint8(i), 500, "text/html", "<html>")
		f.Add(uint8(i), 204, "", "")
	}
	many, err := json.Marshal(map[string]any{"subproblems": make([]struct{}, 5000)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(3), 400, "", string(many))
	all := newLab(f, ca.Options{AlwaysValid: true})
	f.Fuzz(func(t *testing.T, kind uint8, status int, header, body string) {
		if status < 200 || status > 599 || status >= 300 && status < 400 {
			return // informational, no status at all, or a redirect
		}
		l := *all
		l.t = t
		heal := l.authority.Fault(ca.Of(answered[int(kind)%len(answered)]), ca.Fault{
			Status: status, Body: body, Header: http.Header{"Content-Type": {header}, "Retry-After": {header}, "Replay-Nonce": {header}, "Location": {header}},
		})
		defer heal()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := l.client()
		defer client.Close()
		o := l.intent("www.shop.example")
		var err error
		for step := 0; step < 10 && err == nil && o.Open() && o.State != record.OrderIssued && !o.NextAt.After(time.Now().Add(time.Second)); step++ {
			o, err = client.Advance(ctx, o, l.listener, time.Now())
		}
		judgeKept(t, o, err)
	})
}

// judgeKept judges what an order and its error keep of a CA's answers.
func judgeKept(t *testing.T, o record.Order, err error) {
	t.Helper()
	var p *record.Problem
	if err != nil && !errors.As(err, &p) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Fatalf("%T %v", err, err)
	}
	if o.State == record.OrderIssued {
		_, _ = keypair.Check(o.Chain, o.PrivateKey, o.Names, time.Now()) // judges it, and must come to an end
	}
	if p == nil {
		return
	}
	kept := []string{p.Type, p.Detail, p.Name}
	for _, s := range p.Subproblems {
		kept = append(kept, s.Type, s.Detail, s.Name)
	}
	if len(p.Subproblems) > 100 {
		t.Errorf("%d subproblems", len(p.Subproblems))
	}
	for _, text := range kept {
		if len(text) > 2100 {
			t.Errorf("%d bytes are kept: %.60q", len(text), text)
		}
	}
}
