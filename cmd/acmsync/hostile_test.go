//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/intruder"
)

const mark = intruder.Mark

// perWorld is how many texts share a lab. Every name meets one of them at one
// place, so that none is cut off for another.
const perWorld = 12

// perText is at how many places a text is met: of all, with ACMSYNC_HOSTILE.
func perText() int {
	if os.Getenv("ACMSYNC_HOSTILE") != "" {
		return 100
	}
	return 2
}

// TestHostileText: whatever DNS, web servers, the CA, the git server, hooks and
// owners write is shown as text, bounded, in all that the program prints and
// commits.
func TestHostileText(t *testing.T) {
	t.Parallel()
	all := intruder.Texts()
	if len(all) < 40 {
		t.Fatalf("only %d texts", len(all))
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(all)), perWorld) {
		t.Run(some[0], func(t *testing.T) {
			t.Parallel()
			h := &hostileWorld{dir: t.TempDir()}
			names := map[string]func(string){"fine": func(string) {}}
			for i, name := range some {
				h.texts = append(h.texts, all[name])
				sources := h.sources(t)
				for k := range min(perText(), len(sources)) {
					source := sources[(i+2*k)%len(sources)] // an odd number of them: all are met
					names[fmt.Sprintf("%s%d", source.name, i)] = func(domain string) { source.lead(domain, all[name]) }
				}
			}
			h.begin(t, names)
			wantShown(t, h.harmless(t))
		})
	}
}

// TestHostileAnswers: neither does the shape of an answer fill what is shown, or
// end the program.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	h := &hostileWorld{texts: []string{mark}, dir: t.TempDir()}
	pointer := func(to func(at int) int) func(int) []byte {
		return func(at int) []byte {
			return []byte{0xc0 | byte(to(at)>>8), byte(to(at)), 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 12}
		}
	}
	h.begin(t, map[string]func(string){
		"addresses": h.many(mdns.TypeA, func(i int) string { return fmt.Sprintf("A 192.0.2.%d", i%256) }, 4000),
		"forbidden": h.many(mdns.TypeCAA, func(i int) string { return fmt.Sprintf(`CAA 0 issue "ca%d.evil.example"`, i) }, 1500),
		"aliases":   h.chain(10_000),
		"itself":    h.raw(0, pointer(func(at int) int { return at })),
		"forward":   h.raw(0, pointer(func(at int) int { return at + 12 })),
		"cut off":   h.raw(0, func(int) []byte { return []byte{0xc0} }),
		"fine":      func(string) {},
		"too long":  h.raw(mdns.TypeCAA, rawRecord(mdns.TypeCAA, []byte("\x00\xffissue"))),
	})
	shown := h.harmless(t)
	if n := strings.Count(shown["status"], "\tFailing\t"); n < 4 {
		t.Errorf("%d names fail:\n%s", n, shown["status"])
	}
}

// many gives a name so many records, or as many as a message has room for.
func (h *hostileWorld) many(qtype uint16, text func(int) string, n int) func(string) {
	return func(name string) {
		h.lab.DNS.Remove(name, mdns.TypeCNAME)
		rrs := []string{"A 127.0.0.1"}
		if qtype == mdns.TypeA {
			rrs = nil
		}
		for i := range n {
			rrs = append(rrs, text(i))
		}
		h.lab.DNS.Set(name, rrs...)
	}
}

// raw answers a question about the name with those bytes.
func (h *hostileWorld) raw(qtype uint16, record func(at int) []byte) func(string) {
	return func(name string) { h.lab.DNS.Fail(name, qtype, dns.Fault{Raw: record}) }
}

// chain points the name at another, that at another, and so on.
func (h *hostileWorld) chain(n int) func(string) {
	return func(name string) {
		for i := range n {
			next := fmt.Sprintf("n%d.evil.example", i)
			h.lab.DNS.Set(name, "CNAME "+next+".")
			name = next
		}
	}
}

// hostileWorld is a lab in which every name has its own way to meet the text.
type hostileWorld struct {
	lab   *lab.Lab
	texts []string
	dir   string // a checkout of desired state
	names []string
}

// begin starts the lab. Each name, in one app, is made what it is.
func (h *hostileWorld) begin(t *testing.T, names map[string]func(name string)) {
	t.Helper()
	l, err := lab.New(lab.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	h.lab = l
	h.directory(t)
	hook := filepath.Join(h.dir, "said")
	l.Extra = fmt.Sprintf("  - {name: second, files: {dir: %s}, hook: [sh, -c, \"env -0 > %s; cat %s >&2; exit 1\"]}\n", l.LiveDir()+"2", h.environment(), hook)
	for name, prepare := range names {
		full := strings.ReplaceAll(name, " ", "-") + ".shop.example"
		l.Point(full)
		prepare(full)
		h.names = append(h.names, full)
	}
	slices.Sort(h.names)
	files := map[string]string{
		hook: h.said(),
		filepath.Join(h.dir, "apps", "shop.yaml"): "apiVersion: acmsync/v1\nname: shop\ndomains: [" + strings.Join(h.names, ", ") + "]\n",
	}
	for i, text := range h.texts {
		files[filepath.Join(h.dir, "apps", fmt.Sprintf("[x](y)<b>%%s%d.yaml", i))] = badFile(t, text)
	}
	h.write(t, files)
}

// environment is the file in which a hook leaves its own.
func (h *hostileWorld) environment() string { return filepath.Join(h.dir, "environment") }

// said is what hooks write: the end of it is kept, so the longest come first.
func (h *hostileWorld) said() string {
	texts := slices.Clone(h.texts)
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	return strings.Join(texts, "\n")
}

// write puts files into the checkout, and those of desired state into git.
func (h *hostileWorld) write(t *testing.T, files map[string]string) {
	t.Helper()
	pushed := map[string]*string{}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(path, h.dir+"/apps/"); ok {
			pushed["apps/"+name] = git.Text(content)
		}
	}
	if _, err := h.lab.Git.Push("main", pushed, mark); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lab.WriteSettings(); err != nil {
		t.Fatal(err)
	}
}

// badFile is desired state with the text in all places that an error quotes.
func badFile(t *testing.T, text string) string {
	t.Helper()
	quoted, err := yaml.Marshal(map[string]any{
		"apiVersion": "acmsync/v1", "name": text, "plan": text, "refresh": text, "challenge": text, text: text, mark: 1,
		"domains": []any{text, map[string]any{"name": "a.shop.example", "challenge": text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}
