package beside_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/acmsync/acmsync/internal/beside"
)

var errOdd = errors.New("odd")

func oddly() { panic(errOdd) }

// TestAPanicComesOutWhereItIsWaitedFor: with its cause and the stack of the
// goroutine it happened in, when all other parts have ended.
func TestAPanicComesOutWhereItIsWaitedFor(t *testing.T) {
	t.Parallel()
	var g beside.Group
	began, ended := make(chan struct{}), false
	g.Go(func() { defer close(began); oddly() })
	g.Go(func() { <-began; ended = true })
	p := beside.Run(g.Wait)
	if p == nil || p.Cause != error(errOdd) || !strings.Contains(string(p.Stack), "beside_test.oddly") {
		t.Fatalf("came out: %+v", p)
	}
	if !ended {
		t.Error("it came out while another part was running")
	}
	if !strings.HasPrefix(p.Place, "github.com/acmsync/acmsync/internal/beside_test.oddly:") {
		t.Errorf("it happened at %q", p.Place)
	}
}

// TestThePlaceIsWhereItHappenedFirst: raising it again on the way up, and
// through another goroutine, changes nothing.
func TestThePlaceIsWhereItHappenedFirst(t *testing.T) {
	t.Parallel()
	directly := beside.Run(oddly)
	again := beside.Run(func() {
		defer func() { panic(recover()) }()
		oddly()
	})
	through := beside.Run(func() {
		var g beside.Group
		g.Go(sync.OnceFunc(oddly))
		g.Wait()
	})
	for _, p := range []*beside.Panic{again, through} {
		if p == nil || p.Place != directly.Place {
			t.Errorf("at %+v; want %s", p, directly.Place)
		}
	}
	var none *string
	if p := beside.Run(func() { _ = *none }); p == nil || !strings.Contains(p.Place, "TestThePlaceIsWhereItHappenedFirst") {
		t.Errorf("of the runtime's own: %+v", p)
	}
}

// TestWhatIsDoneOncePanicsAlikeForAll: those who come later are told of the first
// one's stack and place.
func TestWhatIsDoneOncePanicsAlikeForAll(t *testing.T) {
	t.Parallel()
	once := beside.Once(func() int { oddly(); return 0 })
	first, second := beside.Run(func() { once() }), beside.Run(func() { once() })
	if first == nil || first != second || !strings.Contains(first.Place, "oddly") {
		t.Errorf("first %v, second %v", first, second)
	}
}

// TestWithoutAPanicNothingComesOut covers the plain case.
func TestWithoutAPanicNothingComesOut(t *testing.T) {
	t.Parallel()
	var g beside.Group
	sum := make(chan int, 2)
	g.Go(func() { sum <- 1 })
	g.Go(func() { sum <- 2 })
	g.Wait()
	if got := <-sum + <-sum; got != 3 {
		t.Errorf("%d", got)
	}
}
