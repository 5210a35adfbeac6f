//go:build unix

package controller_test

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
)

// stop ends the rig of the world; there is another at the restart.
func (w *world) stop() {
	w.t.Helper()
	if err := w.rig.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// TestCrash ends the program at points of each event of a certificate's life,
// and starts it again. The points are counted, not listed. ACMSYNC_CHAOS=1 (make
// chaos) takes all of them, and a fifth by SIGKILL as well, ACMSYNC_CHAOS=7 every
// seventh; without it a few.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of whole lives")
	}
	t.Parallel()
	for i, e := range events {
		shift := float64(i) / float64(len(events)) // so that together they meet every class
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			all := pointsOf(t, e)
			inside, killed := chosen(t, len(all))
			e.sweep(t, "inside", spread(all, inside, shift), func(s scene, at point) bool {
				_, died := s.runs(at)
				return died
			})
			e.sweep(t, "SIGKILL", spread(all, killed, shift), func(s scene, at point) bool { return s.runsOutside(at) })
		})
	}
}

// pointsOf counts the points of an event that nothing comes between.
func pointsOf(t *testing.T, e event) (all []point) {
	t.Helper()
	s := e.lay(t)
	s.stop()
	seen, _ := s.runs(point{})
	s.restart()
	for _, class := range slices.Sorted(maps.Keys(seen)) {
		for n := range seen[class] {
			all = append(all, point{class, n + 1})
		}
	}
	t.Logf("%d points, of them %v", len(all), seen)
	return all
}

// spread takes a number of the points, evenly.
func spread(all []point, n int, shift float64) (some []point) {
	for i := range n {
		some = append(some, all[int((float64(i)+shift)*float64(len(all))/float64(n))])
	}
	return some
}

// chosen is how many points of so many are taken in each form.
func chosen(t *testing.T, all int) (inside, killed int) {
	t.Helper()
	text := os.Getenv("ACMSYNC_CHAOS")
	if text == "" {
		return min(4, all), 1
	}
	every, err := strconv.Atoi(text)
	if err != nil || every < 1 {
		t.Fatalf("ACMSYNC_CHAOS is %q, want a number from 1", text)
	}
	return max(all/every, 1), max(all/every/5, 1)
}

// sweep dies at each of the points.
func (e event) sweep(t *testing.T, form string, points []point, runs func(scene, point) bool) {
	t.Helper()
	var died atomic.Int64
	t.Run(form, func(t *testing.T) {
		for _, at := range points {
			t.Run(at.String(), func(t *testing.T) {
				t.Parallel()
				s := e.lay(t)
				s.stop()
				if runs(s, at) {
					died.Add(1)
				}
				s.wantWhole()
				s.restart()
			})
		}
	})
	t.Logf("%s: died in %d of %d runs", form, died.Load(), len(points))
	// A run may take a write less than the one that was counted.
	if missed := len(points) - int(died.Load()); missed > 1+len(points)/10 {
		t.Errorf("%d points were not met", missed)
	}
}

// restart runs the program again, with nothing in its way.
func (s scene) restart() {
	s.t.Helper()
	s.rig = s.another()
	if r := s.pass(); r.Unfinished {
		s.t.Errorf("the pass after the restart does not get through: %+v", r)
	}
	s.wantConverged()
	s.wantAtRest()
}
