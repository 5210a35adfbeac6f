package issue

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	t.Parallel()
	p := noncePace()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	asked := 0
	for end := now.Add(2 * time.Second); now.Before(end); {
		wait := p.take(now)
		if wait == 0 {
			asked++
			continue
		}
		if asked < p.burst || wait > p.interval {
			t.Fatalf("after %d requests it waits %s", asked, wait)
		}
		now = now.Add(wait)
	}
	if want := p.burst + int(2*time.Second/p.interval) - 1; asked != want {
		t.Errorf("%d requests in two seconds, want %d", asked, want)
	}
	if now = now.Add(time.Minute); p.take(now) != 0 {
		t.Error("it does not forget")
	}
}
