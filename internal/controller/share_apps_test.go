package controller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestManyNamesDelayNoOtherApp: of those that are pushed together the names of
// small apps are not behind all of a large one's, whatever they are called.
func TestManyNamesDelayNoOtherApp(t *testing.T) {
	t.Parallel()
	w := begin(t, func(b *blueprint) { b.Concurrency = 2 }, func(c *controller.Config) { c.Policy.Limits = noLimits() })
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("d%02d.a.example", i))
	}
	few := []string{"www.x.example", "www.y.example", "www.z.example"}
	w.Point(append(slices.Clone(many), few...)...)
	w.push(apps(app("a", many...), app("x", few[0]), app("y", few[1]), app("z", few[2])))
	w.pass()
	w.wantIssued(append(slices.Clone(many), few...)...)
	before := 0
	for _, r := range w.CA.Requests() {
		if r.Kind != ca.NewOrder || len(r.Names) != 1 {
			continue
		}
		if slices.Contains(few, r.Names[0]) {
			if few = slices.DeleteFunc(few, func(n string) bool { return n == r.Names[0] }); len(few) == 0 {
				break
			}
		} else if strings.HasSuffix(r.Names[0], ".a.example") {
			before++
		}
	}
	if len(few) > 0 || before > len(many)/2 {
		t.Errorf("%d orders of the large app came before the last of the small ones; missing %v", before, few)
	}
}
