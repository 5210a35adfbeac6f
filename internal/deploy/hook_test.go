package deploy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/deploy"
)

func TestHookLearnsWhatChangedAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ACMSYNC_TEST_SECRET", "hunter2")
	out := filepath.Join(dir, "env")
	target := deploy.NewFiles(deploy.FilesConfig{Dir: filepath.Join(dir, "live"), Hook: []string{"sh", "-c", `env > "$0"`, out}})
	var wg sync.WaitGroup
	for _, name := range []string{"b.example", "*.a.example"} {
		p := pair(t, name, day(0))
		wg.Go(func() {
			if err := target.Install(context.Background(), p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	env, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(env), "ACMSYNC_CHANGED=*.a.example,b.example\n") || !strings.Contains(string(env), "ACMSYNC_CHANGED_COUNT=2\n") {
		t.Errorf("environment:\n%s", env)
	}
	if strings.Contains(string(env), "hunter2") {
		t.Error("the hook inherits our environment")
	}
}

// fails asserts that a hook failed like this, and that the error's text leaves
// out what it wrote.
func fails(t *testing.T, err error, want deploy.HookError) {
	t.Helper()
	var got *deploy.HookError
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want a *deploy.HookError", err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(err.Error(), "the hook failed: "+want.Status) {
		t.Errorf("%q does not say what happened", err)
	}
	if want.Output != "" && strings.Contains(err.Error(), want.Output) {
		t.Errorf("%q repeats the hook's output", err)
	}
}

func TestAHookErrorSaysWhereItsOutputIs(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]deploy.HookError{
		"the hook failed: exit status 7; its output is in acmsync's log": {Status: "exit status 7", Output: "token=hunter2"},
		"the hook failed: timed out after 30s":                           {Status: "timed out after 30s"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAFailedHookIsRunAgainByTheNextInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flag := filepath.Join(dir, "mended")
	target := deploy.NewFiles(deploy.FilesConfig{
		Dir: filepath.Join(dir, "live"), Hook: []string{"sh", "-c", `printf 'nginx: \033[31mbad\n  config\n'; test -e "$0"`, flag},
	})
	p := pair(t, "a.example", day(0))
	fails(t, target.Install(t.Context(), p), deploy.HookError{Status: "exit status 1", Output: "nginx: bad config"})
	serves(t, filepath.Join(dir, "live"), p)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	install(t, target, p)
}

func TestAHookThatHangsIsEndedWithEverythingItStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{
		Dir: filepath.Join(dir, "live"), Hook: []string{"sh", "-c", `mkfifo "$0"; (exec 3<>"$0"; echo x > "$0.up"; sleep 600) & wait`, filepath.Join(dir, "fifo")},
		HookTimeout: time.Second,
	})
	begun := time.Now()
	err := target.Install(t.Context(), pair(t, "a.example", day(0)))
	fails(t, err, deploy.HookError{Status: "timed out after 1s"})
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := os.Stat(filepath.Join(dir, "fifo.up")); err != nil {
		t.Fatalf("the child never ran, so nothing is proven: %v", err)
	}
	// A fifo without readers refuses a writer that does not wait.
	fifo, err := os.OpenFile(filepath.Join(dir, "fifo"), os.O_WRONLY|nonblock, 0)
	for deadline := time.Now().Add(5 * time.Second); err == nil && time.Now().Before(deadline); {
		_ = fifo.Close()
		fifo, err = os.OpenFile(filepath.Join(dir, "fifo"), os.O_WRONLY|nonblock, 0)
	}
	if err == nil {
		t.Error("the hook's child lives on")
	}
}

func TestCancellingEndsTheHook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	up := filepath.Join(dir, "up")
	target := deploy.NewFiles(deploy.FilesConfig{
		Dir: filepath.Join(dir, "live"), Hook: []string{"sh", "-c", `mkfifo "$0"; exec 3<>"$0"; read x <&3`, up}, HookTimeout: time.Hour,
	})
	ctx, cancel := context.WithCancel(t.Context())
	p := pair(t, "a.example", day(0))
	failed := make(chan error, 1)
	go func() { failed <- target.Install(ctx, p) }()
	for {
		if _, err := os.Stat(up); err == nil {
			break
		}
		select {
		case err := <-failed:
			t.Fatalf("ended by itself: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	select {
	case err := <-failed:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Install does not return")
	}
}

func TestAHookMayLeaveADaemonBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	target := deploy.NewFiles(deploy.FilesConfig{Dir: filepath.Join(dir, "live"), Hook: []string{"sh", "-c", `sleep 30 & echo $! > "$0"`, pid}})
	install(t, target, pair(t, "a.example", day(0)))
	end(t, pid)
}

func TestAHookThatDoesNotExist(t *testing.T) {
	t.Parallel()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: t.TempDir(), Hook: []string{"/nonexistent/reload", "--token=hunter2"}})
	err := target.Install(t.Context(), pair(t, "a.example", day(0)))
	fails(t, err, deploy.HookError{Status: "fork/exec /nonexistent/reload: no such file or directory"})
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("arguments may hold secrets: %v", err)
	}
}

func TestManyNamesBecomeACount(t *testing.T) {
	t.Parallel()
	env := deploy.Environment(make([]string, 70_000))
	if joined := strings.Join(env, "\n"); strings.Contains(joined, "ACMSYNC_CHANGED=") || !strings.Contains(joined, "ACMSYNC_CHANGED_COUNT=70000") {
		t.Error("70,000 names do not become a count")
	}
}

func TestOutputIsCutAndCleaned(t *testing.T) {
	t.Parallel()
	target := deploy.NewFiles(deploy.FilesConfig{
		Dir: t.TempDir(), Hook: []string{"sh", "-c", `i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; printf 'the \342\200\256end\377'; exit 3`},
	})
	err := target.Install(t.Context(), pair(t, "a.example", day(0)))
	var hook *deploy.HookError
	if !errors.As(err, &hook) {
		t.Fatalf("got %v, want a *deploy.HookError", err)
	}
	if len(hook.Output) > 4096 || !strings.HasSuffix(hook.Output, "line 1999 the end") {
		t.Errorf("%d bytes: %s", len(hook.Output), hook.Output)
	}
	if strings.Contains(err.Error(), "line") {
		t.Errorf("%q repeats the hook's output", err)
	}
}
