package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// prize is a name that the owner holds and the thief wants, as it may be
// written, and names that are near it.
type prize struct {
	name      string
	spellings []string
	near      []string
}

var prizes = []prize{
	{"www.shop.example", []string{"www.shop.example", "WWW.Shop.Example", "www.shop.example.", "ｗｗｗ.shop.example"}, []string{"*.shop.example", "shop.example"}},
	{"xn--mller-kva.example", []string{"müller.example", "xn--mller-kva.example", "XN--MLLER-KVA.example", "MÜLLER.example."}, []string{"*.müller.example", "muller.example"}},
	{"*.shop.example", []string{"*.shop.example", "*.SHOP.example."}, []string{"www.shop.example", "shop.example"}},
}

// robbery is a repository that an owner and a thief push to. The owner's app is
// shop; the thief may write anything but the owner's file.
type robbery struct {
	t     *rapid.T
	stage stage
	prize prize
	// files are as pushed, accepted as they were when they were last good.
	files, accepted map[string]string
	// own is the path of the owner's file, wants what it would say were it good.
	own, wants string
	broken     bool
}

const head = "apiVersion: acmsync/v1\napps:\n"

func entry(app, fields string, domains ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - name: %s\n%s    domains:\n", app, fields)
	for _, d := range domains {
		fmt.Fprintf(&b, "      - %q\n", d)
	}
	return b.String()
}

func newRobbery(t *rapid.T) *robbery {
	p := policy()
	p.RevokeAfter = rapid.SampledFrom([]time.Duration{0, time.Hour, day}).Draw(t, "grace")
	p.MaxDomainsPerApp = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "limit")
	p.DNSProvider = rapid.Bool().Draw(t, "DNS provider")
	r := &robbery{
		t: t, prize: rapid.SampledFrom(prizes).Draw(t, "prize"), files: map[string]string{}, accepted: map[string]string{},
		own: "apps/m.yaml", stage: stage{policy: p, now: start, known: reconcile.Known{Branch: "main", Descends: true}},
	}
	r.want("")
	return r
}

// want is the owner's app with the name, and these fields.
func (r *robbery) want(fields string) {
	name := rapid.SampledFrom(r.prize.spellings).Draw(r.t, "the owner's spelling")
	r.wants = head + entry("shop", fields, name)
}

// push admits what is in the repository, as the controller does.
func (r *robbery) push() {
	r.files[r.own] = r.wants
	if r.broken {
		r.files[r.own] = r.wants + "    oops: true\n"
	}
	var files []spec.File
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		files = append(files, spec.File{Path: path, Bytes: []byte(r.files[path])})
	}
	var d reconcile.Desired
	r.stage.known.Refused = false
	before := r.accepted
	r.accepted = map[string]string{}
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		text, refused := r.files[parsed.Path], (*record.FileError)(nil)
		if len(parsed.Errors) > 0 {
			r.stage.known.Refused = true
			refused = &record.FileError{File: parsed.Path, Line: 1, Column: 1, Message: parsed.Errors[0].Message}
			if text = before[parsed.Path]; text == "" {
				continue
			}
			parsed = spec.Parse([]spec.File{{Path: parsed.Path, Bytes: []byte(text)}}, spec.Options{})[0]
		}
		r.accepted[parsed.Path] = text
		for _, a := range parsed.Apps {
			d.Apps = append(d.Apps, reconcile.DesiredApp{App: a, Refused: refused})
		}
	}
	a := reconcile.Admit(d, r.stage.known, r.stage.policy, r.stage.now)
	r.stage.known.Domains, r.stage.known.Apps = reconcile.Apply(r.stage.known.Domains, a, r.stage.now), a.Apps
}

// row is the name's; the zero row when there is none.
func (r *robbery) row() record.Domain {
	i := slices.IndexFunc(r.stage.known.Domains, func(d record.Domain) bool { return d.Key == r.prize.name })
	if i < 0 {
		return record.Domain{}
	}
	return r.stage.known.Domains[i]
}

// steal is one thing that the thief does to the repository.
func (r *robbery) steal() {
	path := rapid.SampledFrom([]string{"apps/a.yaml", "apps/b.yaml", "apps/z.yaml"}).Draw(r.t, "the thief's file")
	if path == r.own {
		return
	}
	wanted := append(slices.Clone(r.prize.spellings), r.prize.near...)
	name := rapid.SampledFrom(wanted).Draw(r.t, "the thief's spelling")
	as := rapid.SampledFrom([]string{"aaa", "blog", "shop", "shop2", "zzz"}).Draw(r.t, "the thief's app")
	switch rapid.IntRange(0, 4).Draw(r.t, "theft") {
	case 0:
		delete(r.files, path)
	case 1:
		r.files[path] = head + entry(as, "", "other.example")
	case 2: // two apps in one file, one of them perhaps the owner's namesake
		r.files[path] = head + entry(as, "", name) + entry(as+"x", "", wanted...)
	case 3:
		r.files[path] = head + entry(as, "    oops: true\n", name)
	default:
		r.files[path] = head + entry(as, "    plan: professional\n", name)
	}
}

// live is one thing that the owner does, who wants the name all the while.
func (r *robbery) live() {
	switch rapid.IntRange(0, 8).Draw(r.t, "life") {
	case 0:
		r.broken = true
	case 1:
		r.broken = false
	case 2:
		r.want("    acm: false\n")
	case 3:
		r.want("    plan: free\n")
	case 4:
		r.want("")
	case 5: // the file is renamed, perhaps in the push that breaks it
		delete(r.files, r.own)
		r.own = map[string]string{"apps/m.yaml": "apps/n.yaml", "apps/n.yaml": "apps/m.yaml"}[r.own]
	case 6:
		r.stage.now = r.stage.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour, 3 * day}).Draw(r.t, "time"))
	case 7: // its certificate came, or went after the grace
		for i, d := range r.stage.known.Domains {
			if d.App != "shop" || d.Key != r.prize.name {
				continue
			}
			if d.Certificate != nil && d.Gone() {
				d.Certificate, d.Deployed = nil, nil
			} else if d.Mode == record.Auto {
				d = certified(d, r.stage.policy, r.stage.now)
			}
			r.stage.known.Domains[i] = d
		}
	}
}

// TestNoNameIsStolen: whatever others push, and whatever happens to the owner's
// file meanwhile, a name that an app holds and wants stays its, with its
// certificate. When the owner leaves, it is the other's by the next push.
func TestNoNameIsStolen(t *testing.T) {
	t.Parallel()
	for range 5 { // they are short
		rapid.Check(t, robbed)
	}
}

func robbed(t *rapid.T) {
	r := newRobbery(t)
	r.push()
	r.holds("at first")
	for range rapid.IntRange(1, 12).Draw(t, "pushes") {
		r.live()
		certificate := r.row().Certificate // life may have brought or taken it
		for range rapid.IntRange(0, 3).Draw(t, "thefts") {
			r.steal()
		}
		r.push()
		r.holds("after a push")
		if diff := cmp.Diff(certificate, r.row().Certificate); diff != "" {
			t.Fatalf("its certificate is another: %s", diff)
		}
	}
	r.letGo()
}

func (r *robbery) holds(when string) {
	if d := r.row(); d.App != "shop" || d.Mode == record.Removed {
		r.t.Fatalf("%s %s is %s's, mode %s, and shop wants it\n%v", when, r.prize.name, d.App, d.Mode, r.files)
	}
}

// letGo: the owner leaves, for good or for an app of another name, and the only
// other app that asks for the name has it.
func (r *robbery) letGo() {
	clear(r.files)
	r.broken, r.own = false, "apps/m.yaml"
	r.wants = head + entry("shop", "", "other.example")
	if rapid.Bool().Draw(r.t, "before the other comes") {
		r.push()
		if d := r.row(); d.App != "" && d.Mode != record.Removed {
			r.t.Fatalf("shop left, and %s is %s", r.prize.name, d.Mode)
		}
		r.stage.now = r.stage.now.Add(time.Minute)
	}
	r.files["apps/z.yaml"] = head + entry("blog", "", rapid.SampledFrom(r.prize.spellings).Draw(r.t, "the heir's spelling"))
	certificate := r.row().Certificate
	r.push()
	d := r.row()
	if d.App != "blog" || d.Mode != record.Auto || !d.LeftAt.IsZero() {
		r.t.Fatalf("shop left and blog asks for %s, which is %s's, mode %s", r.prize.name, d.App, d.Mode)
	}
	if diff := cmp.Diff(certificate, d.Certificate); diff != "" {
		r.t.Fatalf("the certificate did not come along: %s", diff)
	}
}
