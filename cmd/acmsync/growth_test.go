//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// series are readings at equal distances.
type series []reading

// measure is one of the things that must not grow.
type measure struct {
	name string
	of   func(reading) float64
	// from is the tenth that the last is held against.
	from int
	// slack is how much the last may lie above it; share the same as a part of
	// the earlier.
	slack, share float64
}

// measures: a goroutine or a descriptor that stays behind stays for good, so the
// least of a window tells. Memory comes and goes by the page; what is resident
// rises until SQLite's page caches are full and most of the program was in use.
var measures = []measure{
	{"goroutines", func(r reading) float64 { return r.Goroutines }, 2, 2, 0},
	{"descriptors", func(r reading) float64 { return r.Descriptors }, 2, 2, 0},
	{"threads", func(r reading) float64 { return r.Threads }, 2, 4, 0},
	{"live heap, MiB", func(r reading) float64 { return r.Heap }, 2, 1, 0.1},
	{"resident, MiB", func(r reading) float64 { return r.Resident }, 6, 4, 0.05},
}

// tenth is the n-th tenth of the readings, counted from 1.
func (s series) tenth(n int) series { return s[len(s)*(n-1)/10 : len(s)*n/10] }

// least, middle and most of a measure.
func (s series) spread(m measure) (least, middle, most float64) {
	var all []float64
	for _, r := range s {
		all = append(all, m.of(r))
	}
	slices.Sort(all)
	return all[0], all[len(all)/2], all[len(all)-1]
}

// growth says what grew from an early tenth to the last, while the same was done:
// both the least, which is what nothing under way explains, and the middle.
func (s series) growth() (grown []string) {
	for _, m := range measures {
		least, middle, most := s.tenth(m.from).spread(m)
		lastLeast, lastMiddle, _ := s.tenth(10).spread(m)
		if lastLeast > least*(1+m.share)+m.slack {
			grown = append(grown, fmt.Sprintf("%s grew from at least %.1f to at least %.1f", m.name, least, lastLeast))
		}
		if lastMiddle > max(most, middle*(1+m.share)+m.slack) {
			grown = append(grown, fmt.Sprintf("%s grew from mostly %.1f to mostly %.1f", m.name, middle, lastMiddle))
		}
	}
	return grown
}

// table is for docs/reliability.md: least, middle and most of each tenth.
func (s series) table() string {
	var b strings.Builder
	for _, m := range measures {
		fmt.Fprintf(&b, "%-15s", m.name)
		for n := 1; n <= 10; n++ {
			least, middle, most := s.tenth(n).spread(m)
			fmt.Fprintf(&b, " | %.1f %.1f %.1f", least, middle, most)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestGrowthIsFound: what stays behind is seen, what comes and goes is not.
func TestGrowthIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at   func(i int) reading
		want int
	}{
		"nothing":                 {func(int) reading { return reading{20, 15, 9, 8, 50} }, 0},
		"work":                    {func(i int) reading { n := float64(i * 7 % 13); return reading{20 + n, 15 + n, 9, 8 + n, 50 + n} }, 0},
		"a goroutine a minute":    {func(i int) reading { return reading{20 + float64(i/4), 15, 9, 8, 50} }, 2},
		"a descriptor in a while": {func(i int) reading { return reading{20, 15 + float64(i/40), 9, 8, 50} }, 2},
		"heap":                    {func(i int) reading { return reading{20, 15, 9, 8 + float64(i)/80, 50} }, 2},
		"memory":                  {func(i int) reading { return reading{20, 15, 9, 8, 50 + float64(i)/10} }, 2},
		"caches that fill":        {func(i int) reading { return reading{20, 15, 9, 8, min(40+float64(i)/6, 60)} }, 0},
		"a saw":                   {func(i int) reading { return reading{20, 15, 9, 8 + float64(i%20)/4, 50} }, 0},
	} {
		var s series
		for i := range 240 {
			s = append(s, c.at(i))
		}
		if grown := s.growth(); len(grown) != c.want {
			t.Errorf("%s: %q", name, grown)
		}
	}
}
