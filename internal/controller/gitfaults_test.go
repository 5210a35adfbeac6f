package controller_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
)

// gitTrouble is something wrong with the repository while a certificate is due
// and another is to be deployed.
type gitTrouble struct {
	begin func(*world) (heal func())
	// says are the words of the pass's failure; none: it must not fail.
	says string
	// invalid: a file is refused.
	invalid bool
	// brief: no answer will come, so the repository is given little time.
	brief bool
}

// answering lets the git server err.
func answering(f git.Fault) func(*world) func() {
	return func(w *world) func() {
		w.Git.Fail(f)
		return w.Git.Heal
	}
}

// onTheWay are faults of what lies between us and the repository; each happens
// at a fetch and at a push.
var onTheWay = map[string]struct {
	fault git.Fault
	says  string
	brief bool
}{
	"401":           {git.Fault{Status: 401}, "repository.auth.tokenFile", false},
	"403":           {git.Fault{Status: 403}, "repository.auth.tokenFile", false},
	"404":           {git.Fault{Status: 404}, "repository.url", false},
	"429":           {git.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}, "left alone for 1m0s", false},
	"503":           {git.Fault{Status: 503}, "asked again by itself", false},
	"cut":           {git.Fault{Cut: true}, "the network", false},
	"cut list":      {git.Fault{Method: "GET", CutAfter: 90}, "the network", false},
	"cut answer":    {git.Fault{Method: "POST", CutAfter: 9}, "", false},
	"slow-loris":    {git.Fault{Drip: 50 * time.Millisecond}, "in time", true},
	"silence":       {git.Fault{Hang: true}, "in time", true},
	"endless lists": {git.Fault{Method: "GET", Flood: strings.Repeat("x", 1<<16)}, "repository.url", false},
}

// onTheServer are faults of the repository itself, and of what is in it.
var onTheServer = map[string]gitTrouble{
	"hook refusal":      {begin: serverHook("pre-receive", "exit 1"), says: "status.branch"},
	"protected branch":  {begin: serverHook("update", `[ "$1" != refs/heads/acm-status ]`), says: "status.branch"},
	"lock left behind":  {begin: lockedStatus, says: "acm-status.lock"},
	"moved ref":         {begin: rival},
	"deleted branch":    {begin: withoutBranch("main"), says: "repository.branch"},
	"lost status":       {begin: withoutBranch("acm-status")},
	"unrelated history": {begin: unrelated},
	"damaged objects":   {begin: damagedObjects, says: "git fsck"},
	"lfs pointer":       {begin: instead("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"), invalid: true},
	"huge file":         {begin: instead(strings.Repeat("# more\n", 200_000)), invalid: true},
	"symbolic link":     {begin: hostile("120000 apps.yaml"), invalid: true},
	"submodule":         {begin: hostile("160000 apps.yaml"), invalid: true},
	"case twins":        {begin: hostile("100644 apps/Shop.yaml")},
	"hostile names":     {begin: hostile("100644 ../apps.yaml")},
	"git folder":        {begin: hostile("100644 .git")},
	"control sequence":  {begin: hostile("100644 apps\x1b[2J\u202e.yaml")},
	"huge pack":         {begin: hugePack, says: "uploadpack.allowFilter"},
	"endless pack":      {begin: answering(git.Fault{Method: "POST", Service: "git-upload-pack", Body: "0008NAK\n", Flood: longLine}), says: "sent more than the 4 MiB"},
	"endless progress":  {begin: answering(git.Fault{Method: "POST", Service: "git-receive-pack", Flood: longLine}), says: "sent more than the 4 MiB"},
	"clock skew":        {begin: skewed},
	"host key changed":  {begin: overSSH, says: "repository.auth.knownHostsFile"},
}

// longLine is a line of a pack, or of what a hook prints, as long as one may be
// (gitprotocol-common).
var longLine = "fff0" + strings.Repeat("\x02", 0xfff0-4)

// TestGitTroubleOnTheWay: a fault at a fetch or at a push costs no renewal, no
// deployment and no status.
func TestGitTroubleOnTheWay(t *testing.T) {
	t.Parallel()
	for name, kind := range onTheWay {
		for at, service := range map[string]string{"fetch": "git-upload-pack", "push": "git-receive-pack"} {
			t.Run(name+" at a "+at, func(t *testing.T) {
				t.Parallel()
				fault := kind.fault
				fault.Service = service
				gitTrouble{begin: answering(fault), says: kind.says, brief: kind.brief}.run(t, name == "cut answer")
			})
		}
	}
}

// TestGitTroubleOnTheServer: neither does one of the repository itself.
func TestGitTroubleOnTheServer(t *testing.T) {
	t.Parallel()
	for name, trouble := range onTheServer {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trouble.run(t, false)
		})
	}
}

// run lets a pass meet the trouble, and another find it gone. either: it may
// fail or not.
func (g gitTrouble) run(t *testing.T, either bool) {
	w, old, second := dueAndOutstanding(t)
	w.rig = w.another(next, also("second", second), again, func(b *blueprint) {
		b.GitMaxBytes = 4 << 20
		if g.brief {
			b.GitTimeout = 2 * time.Second
		}
	})
	heal := g.begin(w)
	r := w.Pass(t.Context())
	switch {
	case either:
	case g.says == "" && r.Failure != nil:
		t.Errorf("failure %v, want none", r.Failure)
	case g.says != "" && (r.Failure == nil || !strings.Contains(r.Failure.Error(), g.says)):
		t.Errorf("failure %v, want one that says %q", r.Failure, g.says)
	}
	if g.invalid != (len(r.Invalid) > 0) {
		t.Errorf("refused: %v", r.Invalid)
	}
	w.wantUnharmed(old, second)
	heal()
	w.rig = w.another(next, also("second", second), again)
	w.wantReported()
}

// again is what replace calls the second controller's settings.
func again(c *controller.Config) { c.SettingsHash += " changed" }

// dueAndOutstanding is a world in which www is due for renewal, and api is to be
// deployed to a second target; desired state was pushed since it was last read.
func dueAndOutstanding(t *testing.T) (w *world, old record.Certificate, second string) {
	offer, first := profiles(24 * time.Hour)
	w = begin(t, offer, first)
	w.shop("www.shop.example")
	w.pass()
	w.replace(next)
	w.shop("www.shop.example", "api.shop.example")
	w.pass()
	old, second = *w.domain("www.shop.example").Certificate, t.TempDir()
	w.replace(next, also("second", second))
	w.forward(w.renewal("www.shop.example").Sub(w.clock.now()) + time.Second)
	w.push(apps(app("shop", "www.shop.example", "api.shop.example")) + "# edited\n")
	return w, old, second
}

// wantUnharmed checks that what was due was done, and nothing was taken away.
func (w *world) wantUnharmed(old record.Certificate, second string) {
	w.t.Helper()
	w.wantRenewed("www.shop.example", old)
	w.wantIssued("api.shop.example")
	for _, name := range []string{"www.shop.example", "api.shop.example"} {
		d := w.domain(name)
		if serial, err := deployed(second, name); err != nil || serial != d.Certificate.Serial {
			w.t.Errorf("the second target has %s of %s, %v", serial, name, err)
		}
		if _, revoked := w.CA.Revoked(d.Certificate.Serial); revoked {
			w.t.Errorf("the certificate of %s was revoked", name)
		}
	}
}

// wantReported checks that the next pass says all there is to say, in commits
// that each change something.
func (w *world) wantReported() {
	w.t.Helper()
	w.pass()
	for _, name := range []string{"www.shop.example", "api.shop.example"} {
		if e, d := w.entry("shop", name), w.domain(name); !e.Ready || e.Certificate.Serial != d.Certificate.Serial {
			w.t.Errorf("the status of %s is %+v, its certificate %s", name, e, d.Certificate.Serial)
		}
	}
	if r := w.pass(); r.Committed != "" {
		w.t.Error("a pass with nothing to say committed")
	}
	last := ""
	for tree := range strings.FieldsSeq(w.git("", "log", "--format=%T", "acm-status")) {
		if tree == last {
			w.t.Error("two commits say the same")
		}
		last = tree
	}
}
