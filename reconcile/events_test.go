package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/spec"
)

func domainName(i int) string { return fmt.Sprintf("d%02d.example", i) }

func (w *world) event() {
	events := []struct {
		name string
		do   func()
	}{
		{"pass time", w.passTime},
		{"pass time ", w.passTime},
		{"edit", w.edit},
		{"edit ", w.edit},
		{"edit  ", w.edit},
		{"drop an app", w.dropApp},
		{"break a file", w.breakFile},
		{"rename a file and break it", w.renameBroken},
		{"move a name into a broken file", w.moveBroken},
		{"mend the files", func() { clear(w.broken); w.push() }},
		{"force", func() { w.forced = true; w.edit() }},
		{"approve", w.approve},
		{"sicken", w.sicken},
		{"bring a certificate", w.bring},
		{"bring a certificate ", w.bring},
		{"change a certificate's file", w.changeBrought},
		{"CA", func() { w.caDown = !w.caDown }},
		{"second CA", func() { w.secondDown = !w.secondDown }},
		{"proof", w.turnProof},
		{"target", func() { w.down["edge-2"] = !w.down["edge-2"] }},
	}
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.name
	}
	chosen := rapid.SampledFrom(names).Draw(w.t, "event")
	for _, e := range events {
		if e.name == chosen {
			e.do()
		}
	}
	w.run(w.now)
}

func (w *world) passTime() {
	w.run(w.now.Add(rapid.SampledFrom([]time.Duration{
		time.Second, 2 * time.Minute, 40 * time.Minute, 5 * time.Hour, 10 * time.Hour, 26 * time.Hour, 4 * day, 35 * day, 91 * day,
	}).Draw(w.t, "time")))
}

func (w *world) approve() {
	if w.hash != "" {
		w.approvals[w.hash] = true
	}
	w.push()
}

// file draws an app, and is the file it stands in: an app is in one file only.
func (w *world) file() string {
	app := rapid.SampledFrom([]string{"blog", "docs", "shop"}).Draw(w.t, "app")
	for file, apps := range w.files {
		if len(apps) > 0 && apps[0].Name == app {
			return file
		}
	}
	return "apps/" + app + ".yaml"
}

func (w *world) breakFile() {
	w.broken[w.file()] = true
	w.edit() // whatever the broken file says does not count
}

// renameBroken pushes a file under another name and with a typo in it: at its
// new path nothing was ever accepted.
func (w *world) renameBroken() {
	file := w.file()
	if len(w.files[file]) > 0 {
		next := strings.Replace(file, "apps/", "apps/new-", 1)
		w.files[next], w.broken[next] = w.files[file], true
		delete(w.files, file)
		delete(w.broken, file)
	}
	w.push()
}

// moveBroken moves a name from a good file to one that breaks in the same push.
func (w *world) moveBroken() {
	from, to := w.file(), w.file()
	if from == to || len(w.files[from]) == 0 || len(w.files[to]) == 0 || len(w.files[from][0].Domains) == 0 {
		return
	}
	giver, taker := w.files[from][0], w.files[to][0]
	taker.Domains = add(slices.Clone(taker.Domains), giver.Domains[0].Name)
	giver.Domains = slices.Clone(giver.Domains[1:])
	w.files[from], w.files[to] = []spec.App{giver}, []spec.App{taker}
	w.broken[to] = true
	w.push()
}

func (w *world) dropApp() {
	file := w.file()
	if rapid.Bool().Draw(w.t, "the file too") {
		delete(w.files, file)
		delete(w.broken, file)
	} else {
		w.files[file] = nil
	}
	w.push()
}

func (w *world) sicken() {
	name := domainName(rapid.IntRange(0, 11).Draw(w.t, "name"))
	w.health[name] = rapid.SampledFrom([]health{
		well, nxdomain, caa, cdn, silent, unseen, rejected, limited, malformed, elsewhere, walled, barred,
	}).Draw(w.t, "health")
}

// edit changes one app and pushes.
func (w *world) edit() {
	file := w.file()
	if len(w.files[file]) == 0 {
		name := file[len("apps/") : len(file)-len(".yaml")]
		w.files[file] = []spec.App{{Name: name, File: file, Runtime: spec.Common}}
	}
	app := w.files[file][0]
	app.Domains = append([]spec.Domain(nil), app.Domains...)
	off, none := false, 0
	token := func() string { return fmt.Sprint(rapid.IntRange(1, 4).Draw(w.t, "token")) }
	switch rapid.SampledFrom([]string{"add", "add ", "remove", "clear", "acm", "domain", "plan", "web", "refresh", "rekey", "compromised"}).Draw(w.t, "edit") {
	case "add", "add ":
		app.Domains = add(app.Domains, domainName(rapid.IntRange(0, 11).Draw(w.t, "name")))
	case "remove":
		if n := len(app.Domains); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(w.t, "which")
			app.Domains = append(app.Domains[:i], app.Domains[i+1:]...)
		}
	case "clear":
		app.Domains = nil
	case "acm":
		app.ACM = toggled(app.ACM, &off)
	case "domain":
		if len(app.Domains) > 0 {
			app.Domains[0].ACM = toggled(app.Domains[0].ACM, &off)
		}
	case "plan":
		app.Plan = rapid.SampledFrom([]string{"free", "hobby"}).Draw(w.t, "plan")
	case "web":
		app.Web = toggled(app.Web, &none)
	case "refresh":
		app.Refresh = token()
	case "rekey":
		app.Rekey = token()
	case "compromised":
		app.Rekey = "compromised-" + token()
	}
	w.files[file] = []spec.App{app}
	w.push()
}

func toggled[T any](have, other *T) *T {
	if have == nil {
		return other
	}
	return nil
}

func add(domains []spec.Domain, name string) []spec.Domain {
	for _, d := range domains {
		if d.Name == name {
			return domains
		}
	}
	return append(domains, spec.Domain{Name: name})
}
