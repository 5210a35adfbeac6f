package issue_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// files is a responder whose responses outlive the process, as those in a
// webroot do.
type files struct {
	issue.Responder
	mu     sync.Mutex
	tokens map[string]bool
	dead   bool // of a process that takes nothing away any more
}

func (f *files) Present(ctx context.Context, name, token, keyAuth string) error {
	f.mu.Lock()
	f.tokens[token] = true
	f.mu.Unlock()
	return f.Responder.Present(ctx, name, token, keyAuth)
}

func (f *files) CleanUp(ctx context.Context, name, token string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errors.New("the process is dead")
	}
	delete(f.tokens, token)
	return f.Responder.CleanUp(ctx, name, token)
}

// TestResponsesOfAnEarlierProcess: an order that is taken up again where it was
// last durable finds its authorization decided. The response that decided it is
// taken away, although the journal does not know of it.
func TestResponsesOfAnEarlierProcess(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	for what, verdict := range map[string]*ca.Verdict{
		"proven": nil,
		"failed": {Problem: &ca.Problem{Type: "unauthorized", Detail: "no", Status: 403}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			if verdict != nil {
				l.authority.Judge(name, *verdict)
			}
			responses := &files{Responder: l.listener, tokens: map[string]bool{}, dead: true}
			durable := l.take(l.intent(name), record.OrderOrdered, responses)
			l.take(durable, record.OrderFinalizing, responses)
			if len(responses.tokens) != 1 {
				t.Fatalf("in place are %v, want one response", responses.tokens)
			}
			responses.dead = false
			l.take(durable, record.OrderIssued, responses)
			if len(responses.tokens) > 0 {
				t.Errorf("left in place: %v", responses.tokens)
			}
		})
	}
}

// take advances the order to the state, or to its end.
func (l *lab) take(o record.Order, state record.OrderState, r issue.Responder) record.Order {
	l.t.Helper()
	client := l.client()
	for o.Open() && o.State != state {
		if err := pause(l.t.Context(), time.Until(o.NextAt)); err != nil {
			l.t.Fatal(err)
		}
		next, err := client.Advance(l.t.Context(), o, r, time.Now())
		if err != nil && next.Open() {
			l.t.Fatal(err)
		}
		o = next
	}
	return o
}
