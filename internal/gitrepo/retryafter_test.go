package gitrepo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// TestServerIsLeftAlone: a server that asks for time gets it, whatever is wanted
// of it meanwhile, and is asked again afterwards.
func TestServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	r := open(t, gitrepo.Config{URL: s.URL()})
	s.Fail(git.Fault{Status: 503, Header: http.Header{"Retry-After": {"2"}}, Times: 1})
	asked := time.Now()
	if _, _, err := r.Tip(context.Background(), "main"); !unreachable(true, 2*time.Second)(err) {
		t.Fatal(err)
	}
	s.ResetRequests()
	_, fetching := r.Fetch(context.Background(), "main", "")
	_, _, pushing := r.Commit(context.Background(), change("status", map[string]string{"a": "1"}))
	for _, err := range []error{fetching, pushing} {
		explained(t, "meanwhile", err, isUnreachable, "503 Service Unavailable before, and is left alone for another ")
	}
	if got := s.Requests(); len(got) != 0 {
		t.Errorf("asked meanwhile: %+v", got)
	}
	var left *gitrepo.UnreachableError
	errors.As(pushing, &left)
	<-time.After(left.RetryAfter)
	if _, _, err := r.Tip(context.Background(), "main"); err != nil || time.Since(asked) < 2*time.Second {
		t.Errorf("after %s: %v", time.Since(asked), err)
	}
}

// TestLeftAloneForAnHourAtMost: a header that is absurd does not keep desired
// state from being read for years, and a refusal that is no rush brings none.
func TestLeftAloneForAnHourAtMost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		after  string
		most   time.Duration
	}{
		"years":       {429, "2000000000", time.Hour},
		"a past date": {503, "Thu, 01 Jan 1970 00:00:00 GMT", 0},
		"nonsense":    {503, "-1", 0},
		"overflow":    {503, "99999999999999999999", 0},
		"not found":   {404, "3600", 0},
	} {
		s := httpServer(t, git.Options{})
		push(t, s, "main", map[string]string{"apps.yaml": "x"})
		r := open(t, gitrepo.Config{URL: s.URL()})
		s.Fail(git.Fault{Status: tt.status, Header: http.Header{"Retry-After": {tt.after}}, Times: 1})
		if _, _, err := r.Tip(context.Background(), "main"); err == nil {
			t.Errorf("%s: no error", name)
		}
		_, _, err := r.Tip(context.Background(), "main")
		var left *gitrepo.UnreachableError
		switch {
		case tt.most == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.most > 0 && (!errors.As(err, &left) || left.RetryAfter > tt.most || left.RetryAfter < tt.most/2):
			t.Errorf("%s: %v", name, err)
		case tt.most > 0 && !strings.Contains(err.Error(), "daemon.interval"):
			t.Errorf("%s: %v does not say what to do", name, err)
		}
	}
}
