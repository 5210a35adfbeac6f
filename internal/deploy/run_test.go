package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/deploy"
)

// runs records what a hook was run for, and when.
type runs struct {
	mu    sync.Mutex
	begun time.Time
	log   []string
}

func (r *runs) add(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf("%s %s", time.Since(r.begun), strings.Join(names, ",")))
}

func TestInstallsCloseTogetherShareARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := runs{begun: time.Now()}
		hook := deploy.NewGathering(func(_ context.Context, names []string) error { r.add(names); return nil })
		var wg sync.WaitGroup
		for i, name := range []string{"c", "a", "b", "a"} {
			wg.Go(func() {
				<-time.After(time.Duration(i) * 40 * time.Millisecond)
				if err := hook.Wait(t.Context(), name); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"170ms a,b,c"}, r.log); diff != "" {
			t.Error(diff)
		}
	})
}

func TestASteadyStreamOfInstallsDoesNotPutTheRunOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var first time.Duration
		begun := time.Now()
		var once sync.Once
		hook := deploy.NewGathering(func(context.Context, []string) error {
			once.Do(func() { first = time.Since(begun) })
			return nil
		})
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				<-time.After(time.Duration(i) * 30 * time.Millisecond)
				_ = hook.Wait(t.Context(), fmt.Sprint(i))
			})
		}
		wg.Wait()
		if first == 0 || first > 5*time.Second {
			t.Errorf("the first run began after %s", first)
		}
	})
}

func TestWhatIsInstalledDuringARunGetsTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := runs{begun: time.Now()}
		hook := deploy.NewGathering(func(_ context.Context, names []string) error {
			r.add(names)
			<-time.After(time.Second)
			return errors.New("run for " + strings.Join(names, ","))
		})
		errs := make([]string, 3)
		var wg sync.WaitGroup
		for i, name := range []string{"a", "b", "c"} {
			wg.Go(func() {
				<-time.After(time.Duration(i) * 400 * time.Millisecond)
				errs[i] = hook.Wait(t.Context(), name).Error()
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"50ms a", "1.05s b,c"}, r.log); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"run for a", "run for b,c", "run for b,c"}, errs); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARunEndsWhenNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		hook := deploy.NewGathering(func(ctx context.Context, _ []string) error {
			<-ctx.Done()
			ended.Store(true)
			return ctx.Err()
		})
		begun := time.Now()
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		long, stopLong := context.WithTimeout(t.Context(), 2*time.Second)
		defer stopLong()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := hook.Wait(short, "a"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second || ended.Load() {
				t.Errorf("one of two gave up: %v after %s, run ended %v", err, time.Since(begun), ended.Load())
			}
		})
		wg.Go(func() {
			if err := hook.Wait(long, "b"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 2*time.Second || !ended.Load() {
				t.Errorf("the last gave up: %v after %s, run ended %v", err, time.Since(begun), ended.Load())
			}
		})
		wg.Wait()
	})
}
