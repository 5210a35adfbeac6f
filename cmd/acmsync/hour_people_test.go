//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/lab/git"
)

// people edit desired state, one change at a time, so that in the long run it
// stays as large as it was.
type people struct {
	h     *hour
	apps  []*edited
	spare *edited // names in it come and go, and never come again
	n     int     // changes made
	done  map[string]int
	fresh int
	away  string // a name that was taken out and comes back
}

// edited is an app and the file it stands in.
type edited struct {
	name           string
	domains        []string
	refresh, rekey int
	off, broken    bool
}

const appsOfPeople, domainsOfApp, spareNames = 12, 3, 4

func newPeople(h *hour) *people {
	p := &people{h: h, done: map[string]int{}, spare: &edited{name: "spare"}}
	for i := range appsOfPeople {
		a := &edited{name: fmt.Sprintf("shop-%d", i)}
		for j := range domainsOfApp {
			a.domains = append(a.domains, fmt.Sprintf("www%d.%s.example", j, a.name))
		}
		p.apps = append(p.apps, a)
		h.Point(a.domains...)
	}
	for range spareNames {
		p.addFresh()
	}
	p.apps = append(p.apps, p.spare)
	return p
}

func (p *people) addFresh() {
	name := fmt.Sprintf("new%d.spare.example", p.fresh)
	p.fresh++
	p.h.Point(name)
	p.spare.domains = append(p.spare.domains, name)
}

func (e *edited) file() string { return "apps/" + e.name + ".yaml" }

func (e *edited) text() *string {
	if e.broken {
		return git.Text("apiVersion: acmsync/v1\napps:\n  - name: " + e.name + "\n    domians: []\n")
	}
	return git.Text(fmt.Sprintf("apiVersion: acmsync/v1\napps:\n  - {name: %s, acm: %t, refresh: \"%d\", rekey: \"%d\", domains: [%s]}\n",
		e.name, !e.off, e.refresh, e.rekey, strings.Join(e.domains, ", ")))
}

// push commits the files of these apps, and deletes others.
func (p *people) push(apps []*edited, without ...string) {
	files := map[string]*string{}
	for _, name := range without {
		files[name] = nil
	}
	for _, e := range apps {
		files[e.file()] = e.text()
	}
	if _, err := p.h.Git.Push("main", files, "a change"); err != nil {
		p.h.t.Error(err)
	}
}

// change is something that people do to an app.
type change struct {
	name string
	do   func(p *people, e *edited)
}

var changes = []change{
	{"refresh", func(_ *people, e *edited) { e.refresh++ }},
	{"rekey", func(_ *people, e *edited) { e.rekey++ }},
	{"off, or on again", func(p *people, e *edited) { p.flip(e, func(e *edited) *bool { return &e.off }) }},
	{"broken, or mended", func(p *people, e *edited) { p.flip(e, func(e *edited) *bool { return &e.broken }) }},
	{"a new name, and the oldest away", func(p *people, _ *edited) {
		p.addFresh()
		p.spare.domains = p.spare.domains[1:]
		p.push([]*edited{p.spare})
	}},
	{"renamed", func(p *people, e *edited) {
		old := e.file()
		switch {
		case strings.HasPrefix(e.name, "shop"):
			e.name = "store" + strings.TrimPrefix(e.name, "shop")
		default:
			e.name = "shop" + strings.TrimPrefix(e.name, "store")
		}
		p.push([]*edited{e}, old)
	}},
	{"a name out, or in again", (*people).outOrIn},
	{"a name moved to the next app", (*people).move},
	{"a wrong record, or the right one", (*people).repoint},
	{"many at once", func(p *people, _ *edited) {
		for _, e := range p.apps {
			e.refresh++
		}
		p.push(p.apps)
	}},
}

// flip sets something of the app, or takes it back where it is set already, so
// that it is so at one app at a time.
func (p *people) flip(e *edited, flag func(*edited) *bool) {
	for _, other := range p.apps {
		if *flag(other) {
			*flag(other) = false
			p.push([]*edited{other})
			return
		}
	}
	*flag(e) = true
}

// next makes the next change. In the long run every kind meets every app.
func (p *people) next() {
	c := changes[p.n%len(changes)]
	e := p.apps[(p.n+p.n/len(changes))%appsOfPeople]
	p.n++
	c.do(p, e)
	p.push([]*edited{e})
	p.done[c.name]++
}

// outOrIn takes a name out of the first app, or puts it back.
func (p *people) outOrIn(*edited) {
	first := p.apps[0]
	if p.away == "" {
		p.away, first.domains = first.domains[0], first.domains[1:]
	} else {
		first.domains, p.away = append(first.domains, p.away), ""
	}
	p.push([]*edited{first})
}

func (p *people) move(from *edited) {
	at := slices.Index(p.apps, from)
	to := p.apps[(at+1)%appsOfPeople]
	if len(from.domains) == 0 {
		return
	}
	to.domains, from.domains = append(to.domains, from.domains[0]), from.domains[1:]
	p.push([]*edited{from, to})
}

// repoint sets a name of the app wrong and asks for another try, or mends all
// that is wrong.
func (p *people) repoint(e *edited) {
	e.refresh++
	if p.n%20 < 10 && len(e.domains) > 0 {
		p.h.DNS.Set(e.domains[0], "CNAME gone.oldplatform.example.")
		return
	}
	p.point()
}

// point gives every name the right record.
func (p *people) point() {
	for _, e := range p.apps {
		p.h.Point(e.domains...)
	}
}

// settle puts everything right, and asks for another try of all.
func (p *people) settle() {
	p.point()
	if p.away != "" {
		p.outOrIn(nil)
	}
	for _, e := range p.apps {
		e.off, e.broken = false, false
		e.refresh++
	}
	p.push(p.apps)
}

func (p *people) names() (all []string) {
	for _, e := range p.apps {
		all = append(all, e.domains...)
	}
	return all
}
