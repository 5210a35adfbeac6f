package controller_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// strike is what happens to a name in somebody's hands, before what they do.
type strike func(ctx context.Context)

// hands are the observer, the responder and the target, which do something else
// first for some names.
type hands struct {
	mu                         sync.Mutex
	look, answer, order, store map[string]strike
	// open is closed when what ignores its context may go on.
	open chan struct{}
	// lifts take the CA's faults back.
	lifts []func()
}

func (h *hands) lift() {
	for _, f := range h.lifts {
		f()
	}
}

func newHands() *hands {
	return &hands{
		look: map[string]strike{}, answer: map[string]strike{}, order: map[string]strike{}, store: map[string]strike{},
		open: make(chan struct{}),
	}
}

func (h *hands) meet(ctx context.Context, all map[string]strike, name string) {
	h.mu.Lock()
	do := all[name]
	h.mu.Unlock()
	if do != nil {
		do(ctx)
	}
}

// into puts the hands between a controller and its parties.
func (h *hands) into(c *controller.Config) {
	c.Observer = handledObserver{c.Observer, h}
	c.Responder = handledResponder{c.Responder, h}
	for i, t := range c.Targets {
		c.Targets[i] = handledTarget{t, h}
	}
}

type handledObserver struct {
	controller.Observer
	h *hands
}

func (o handledObserver) Observe(ctx context.Context, q record.Question) record.Observation {
	o.h.meet(ctx, o.h.look, q.Name)
	return o.Observer.Observe(ctx, q)
}

type handledResponder struct {
	issue.Responder
	h *hands
}

func (r handledResponder) Present(ctx context.Context, name, token, keyAuth string) error {
	if len(token) < 43 { // our own probe's; the CA's has 256 bits
		r.h.meet(ctx, r.h.answer, name)
	} else {
		r.h.meet(ctx, r.h.order, name)
	}
	return r.Responder.Present(ctx, name, token, keyAuth)
}

type handledTarget struct {
	controller.Target
	h *hands
}

func (t handledTarget) Install(ctx context.Context, p record.Pair) error {
	if t.h.meet(ctx, t.h.store, p.Names[0]); ctx.Err() != nil {
		return ctx.Err()
	}
	return t.Target.Install(ctx, p)
}

// oneFault is something that is wrong with one app of many.
type oneFault struct {
	name string
	// lay makes it wrong; it returns what else stands in the app's entry.
	lay func(w *world, h *hands, name string) (entry string)
	// reason is what its status says if it has failed by itself; empty: it is
	// stuck for as long as the test goes on.
	reason string
}

// either: it may fail, or be about to.
const either = "-"

func panics(context.Context) { panic("no") }

func (h *hands) ignore(context.Context) { <-h.open }

func waits(ctx context.Context) { <-ctx.Done() }

// hangs has the CA hang at a kind of request about the name.
func hangs(match func(*ca.Request) bool) func(*world, *hands, string) string {
	return func(w *world, h *hands, name string) string {
		h.lifts = append(h.lifts, w.CA.Fault(ca.Naming(name, match), ca.Fault{Delay: time.Hour}))
		return ""
	}
}

func replies(match func(*ca.Request) bool, f ca.Fault) func(*world, *hands, string) string {
	return func(w *world, _ *hands, name string) string {
		w.CA.Fault(ca.Naming(name, match), f)
		return ""
	}
}

func resolver(f dns.Fault) func(*world, *hands, string) string {
	return func(w *world, _ *hands, name string) string {
		w.DNS.Fail(name, 0, f)
		return ""
	}
}

func edges(b edge.Behaviour) func(*world, *hands, string) string {
	return func(w *world, _ *hands, name string) string {
		w.Edge.Behave(name, b)
		return ""
	}
}

// in has a party do something else first.
func in(of func(h *hands) map[string]strike, do func(h *hands) strike) func(*world, *hands, string) string {
	return func(_ *world, h *hands, name string) string {
		of(h)[name] = do(h)
		return ""
	}
}

func always(s strike) func(*hands) strike { return func(*hands) strike { return s } }

func ignoring(h *hands) strike { return h.ignore }

func looks(h *hands) map[string]strike   { return h.look }
func probes(h *hands) map[string]strike  { return h.answer }
func orders(h *hands) map[string]strike  { return h.order }
func targets(h *hands) map[string]strike { return h.store }

// brings commits files that the app's entry names.
func brings(chain, key string) func(*world, *hands, string) string {
	return func(w *world, _ *hands, name string) string {
		files := map[string]*string{"certs/" + name + ".pem": git.Text(chain), "certs/" + name + ".key": git.Text(key)}
		if _, err := w.Git.Push("main", files, "bring"); err != nil {
			w.t.Fatal(err)
		}
		return ", certificate: {chain: certs/" + name + ".pem, key: certs/" + name + ".key}"
	}
}

func tooMany() ca.Fault {
	f := ca.Refusal(ca.Problem{Type: "rateLimited", Status: http.StatusTooManyRequests, Detail: "too many certificates already issued"})
	f.Header.Set("Retry-After", "3600")
	return f
}

var refusal = ca.Refusal(ca.Problem{Type: "rejectedIdentifier", Status: http.StatusBadRequest, Detail: "policy forbids issuing for this name"})

// oneFaults are those that one app of a hundred has.
var oneFaults = []oneFault{
	{"DNS hangs", resolver(dns.Fault{Silent: true}), ""},
	{"DNS is slow", resolver(dns.Fault{Delay: 1900 * time.Millisecond}), either},
	{"edge hangs", edges(edge.Behaviour{Hang: true}), ""},
	{"edge drips", edges(edge.Behaviour{Drip: true}), either},
	{"CA hangs at the order", hangs(ca.Of(ca.NewOrder)), ""},
	{"CA hangs at the authorization", hangs(ca.Of(ca.Authz)), ""},
	{"CA hangs at the challenge", hangs(ca.Of(ca.Challenge)), ""},
	{"CA hangs at finalize", hangs(ca.Of(ca.Finalize)), ""},
	{"CA hangs at the download", hangs(ca.Of(ca.Cert)), ""},
	{"CA refuses the name", replies(ca.Of(ca.NewOrder), refusal), "blocklisted"},
	{"CA limits the name", replies(ca.Of(ca.NewOrder), tooMany()), "rate-limited"},
	{"huge chain", replies(ca.Of(ca.Cert), ca.Fault{Status: 200, Body: strings.Repeat("# padding\n", 200<<10)}), "ca-unavailable"},
	{"panic while looking", in(looks, always(panics)), "internal"},
	{"panic of the responder, looking", in(probes, always(panics)), "internal"},
	{"panic in the CA client", in(orders, always(panics)), "internal"},
	{"panic of the target", in(targets, always(panics)), "deploy-failed"},
	{"looking ignores its end", in(looks, ignoring), ""},
	{"responder ignores its end", in(orders, ignoring), ""},
	{"responder hangs", in(orders, always(waits)), ""},
	{"target ignores its end", in(targets, ignoring), ""},
	{"target hangs", in(targets, always(waits)), ""},
	{"certificate is none", brings("hello\n", "hello\n"), "manual-certificate-invalid"},
	{"key cannot be decrypted", brings("hello\n", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"), "manual-certificate-invalid"},
}
