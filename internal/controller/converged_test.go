package controller_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
)

// TestConvergedPassDoesNothing: no request to the CA, nothing of git but the
// refs, no question to DNS, no commit; also for a program just started.
func TestConvergedPassDoesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "api.shop.example")
	w.push(apps(app("shop", "www.shop.example", "api.shop.example", "nowhere.shop.example")))
	w.pass()
	w.pass()
	started := w.another()
	for name, c := range map[string]*rig{"the same": w.rig, "a new one": started} {
		tip, asked, seen := w.Git.Tip("acm-status"), w.DNS.Questions(), len(w.Edge.Requests())
		w.CA.Forget()
		w.Git.ResetRequests()
		r := c.Pass(t.Context())
		if r.Failure != nil || r.Stepped != 0 || r.Acted != 0 || r.Committed != "" {
			t.Errorf("%s: %+v", name, r)
		}
		if n := w.CA.Count(); n > 0 {
			t.Errorf("%s: %d requests to the CA", name, n)
		}
		for _, q := range w.Git.Requests() {
			if q.Method != "GET" && !strings.HasSuffix(q.Path, "git-upload-pack") || q.Received > 1024 {
				t.Errorf("%s: git %s %s, %d bytes", name, q.Method, q.Path, q.Received)
			}
		}
		if n := len(w.Git.Requests()); n > 2 {
			t.Errorf("%s: %d requests to git: %+v", name, n, w.Git.Requests())
		}
		if n := w.DNS.Questions() - asked; n > 0 {
			t.Errorf("%s: %d questions to DNS", name, n)
		}
		if n := len(w.Edge.Requests()) - seen; n > 0 {
			t.Errorf("%s: %d requests to the edge", name, n)
		}
		if now := w.Git.Tip("acm-status"); now != tip {
			t.Errorf("%s: the status moved from %s to %s", name, tip, now)
		}
	}
}

// TestCommentInDesiredStateCommitsNothing but that the push has been seen.
func TestCommentInDesiredStateIssuesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.CA.Forget()
	w.push(apps(app("shop", "www.shop.example")) + "# a comment\n")
	w.pass()
	if n := w.CA.Count(); n > 0 {
		t.Errorf("%d requests to the CA", n)
	}
	w.wantIssued("www.shop.example")
}

// TestStatusPushFails: it costs nothing but the report, which is made up for by
// the next pass, although nothing else is to do then.
func TestStatusPushFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]git.Fault{
		"refused": {Service: "git-receive-pack", Status: 403},
		"cut":     {Service: "git-receive-pack", Cut: true},
		"hanging": {Service: "git-receive-pack", Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, func(b *blueprint) { b.GitTimeout = time.Second })
			w.shop("www.shop.example")
			w.Git.Fail(fault)
			r := w.Pass(t.Context())
			if r.Failure == nil || !strings.Contains(r.Failure.Error(), "acm-status") {
				t.Errorf("failure %v, want one that names the branch", r.Failure)
			}
			w.wantIssued("www.shop.example")
			w.Git.Heal()
			if r := w.pass(); r.Committed == "" || r.Acted != 0 {
				t.Errorf("the next pass: %+v", r)
			}
			if e := w.entry("shop", "www.shop.example"); e.Status != "Cert Issued" {
				t.Errorf("committed late: %+v", e)
			}
		})
	}
}

// TestGitOutOfReach: renewals and retries need no repository.
func TestGitOutOfReach(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.push(apps(app("shop", "www.shop.example")))
	w.pass()
	w.Point("www.shop.example")
	w.Git.Fail(git.Fault{Cut: true})
	w.forward(w.domain("www.shop.example").Due.Sub(w.clock.now()))
	r := w.Pass(t.Context())
	if r.Failure == nil || strings.Count(r.Failure.Error(), w.Git.URL()+" cannot be reached") != 1 {
		t.Errorf("failure %v, want one that names the repository", r.Failure)
	}
	w.wantIssued("www.shop.example")
}

// TestRivalsPushMeanwhile: somebody who pushes to the same branch loses nothing
// and neither do we.
func TestRivalsPushMeanwhile(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.Point("new.shop.example")
	w.push(apps(app("shop", "www.shop.example", "new.shop.example")))
	var once sync.Once
	w.Git.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Before: func() {
		once.Do(func() {
			if _, err := w.Git.Push("acm-status", map[string]*string{"NOTES.md": git.Text("by hand\n")}, "a rival"); err != nil {
				t.Error(err)
			}
		})
	}})
	w.pass()
	if e := w.entry("shop", "new.shop.example"); e.Status != string(record.CertIssued) {
		t.Errorf("ours: %+v", e)
	}
	if notes, err := w.Git.Read("acm-status", "NOTES.md"); err != nil || string(notes) != "by hand\n" {
		t.Errorf("theirs: %q, %v", notes, err)
	}
}
