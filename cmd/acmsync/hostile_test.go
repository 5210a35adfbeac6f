//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/owner"
)

// payloads are what strangers write where a word is expected. All begin with
// mark, and none may do more than stand there.
var payloads = map[string]string{
	"terminal escapes": mark + "\x1b[2J\x1b[41;5mred\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\u009b41m\x08\x7f",
	"bidirectional":    mark + "\u202egnp.exe\u2066\u200b\u2028\u2029\ufeff\u00ad\U000e0041",
	"Markdown":         mark + " [x](http://evil.example) ![i](http://evil.example/i.png) **b** `c` ~~d~~ | e | <!-- # f",
	"HTML":             mark + ` <script>alert(1)</script><img src=x onerror=alert(1)></td></table>&lt;b&gt;&#60;b&#62;`,
	"YAML":             mark + "\n---\nstatus: Cert Issued\n- !!binary x: *a\t&b # c\nkey: \"'{[%@`",
	"lines":            mark + "\r\nFORGED: line\n\nFORGED: again\r[skip ci]\v\f\u0085FORGED: next",
	"formats":          mark + " %s%n%d %!v(MISSING) {domain} {observed} ${HOME} $(reboot) `reboot` {{.}} \\u001b \\x1b",
	"mentions":         mark + " @everyone #1 fixes #2 !3 :tada: http://evil.example www.evil.example Signed-off-by: x",
	"64 KB":            mark + strings.Repeat("x", 60_000),
	"not UTF-8":        mark + "\xff\xfe\xc0\x80\xed\xa0\x80\x00 end",
}

const mark = "pwn"

// TestHostileText: whatever DNS, web servers, the CA, the git server, hooks and
// owners write is shown as text, bounded, in all that the program prints and
// commits.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, text := range payloads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &hostileWorld{text: text, dir: t.TempDir()}
			h.begin(t, map[string]func(string){
				"cname": h.alias, "caa": h.caa, "tag": h.caaTag, "dns": h.dnsError, "http": h.page,
				"redirect": h.redirect, "order": h.order, "validation": h.validation, "served": h.served(t), "fine": func(string) {},
			})
			wantShown(t, h.harmless(t))
		})
	}
}

// TestHostileAnswers: neither does the shape of an answer fill what is shown, or
// end the program.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	h := &hostileWorld{text: mark, dir: t.TempDir()}
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
	text  string
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
	l.Extra = fmt.Sprintf("  - {name: second, files: {dir: %s}, hook: [sh, -c, \"cat %s >&2; exit 1\"]}\n", l.LiveDir()+"2", hook)
	for name, prepare := range names {
		full := strings.ReplaceAll(name, " ", "-") + ".shop.example"
		l.Point(full)
		prepare(full)
		h.names = append(h.names, full)
	}
	slices.Sort(h.names)
	h.write(t, map[string]string{
		hook: h.text,
		filepath.Join(h.dir, "apps", "[x](y)<b>%s.yaml"): h.badFile(t),
		filepath.Join(h.dir, "apps", "shop.yaml"):        "apiVersion: acmsync/v1\nname: shop\ndomains: [" + strings.Join(h.names, ", ") + "]\n",
	})
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
func (h *hostileWorld) badFile(t *testing.T) string {
	t.Helper()
	quoted, err := yaml.Marshal(map[string]any{
		"apiVersion": "acmsync/v1", "name": h.text, "plan": h.text, "refresh": h.text, "challenge": h.text, h.text: h.text, mark: 1,
		"domains": []any{h.text, map[string]any{"name": "a.shop.example", "challenge": h.text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// alias points the name at labels made of the text.
func (h *hostileWorld) alias(name string) {
	var target strings.Builder
	for i, b := range []byte(h.text[:min(len(h.text), 180)]) {
		if i > 0 && i%60 == 0 {
			target.WriteByte('.')
		}
		fmt.Fprintf(&target, "\\%03d", b)
	}
	h.lab.DNS.Set(name, "CNAME "+target.String()+".evil.example.")
}

// rawRecord is a resource record of the type, whatever its data (RFC 1035, section
// 4.1.3). Its name is the question's.
func rawRecord(qtype uint16, data []byte) func(int) []byte {
	return func(int) []byte {
		rr := binary.BigEndian.AppendUint16([]byte{0xc0, 12}, qtype)
		rr = append(rr, 0, 1, 0, 0, 0, 0)
		rr = binary.BigEndian.AppendUint16(rr, uint16(len(data)))
		return append(rr, data...)
	}
}

func (h *hostileWorld) caa(name string) {
	h.raw(mdns.TypeCAA, rawRecord(mdns.TypeCAA, append([]byte("\x00\x05issue"), h.text...)))(name)
}

// caaTag has the text for a critical tag (RFC 8659, section 4.1).
func (h *hostileWorld) caaTag(name string) {
	tag := h.text[:min(len(h.text), 255)]
	h.raw(mdns.TypeCAA, rawRecord(mdns.TypeCAA, append([]byte{128, byte(len(tag))}, tag+"x"...)))(name)
}

func (h *hostileWorld) dnsError(name string) {
	h.lab.DNS.Fail(name, 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: mdns.ExtendedErrorCodeNetworkError, Text: h.text[:min(len(h.text), 900)]})
}

func (h *hostileWorld) page(name string) {
	h.lab.Edge.Behave(name, edge.Behaviour{Status: http.StatusNotFound, Body: h.text, Header: http.Header{
		"Server": {h.text}, "Via": {"1.1 " + h.text}, "Cf-Ray": {h.text}, "X-Cache": {h.text}, "Content-Type": {"text/html"},
	}})
}

func (h *hostileWorld) redirect(name string) {
	h.lab.Edge.Behave(name, edge.Behaviour{Redirect: "http://evil.example/" + h.text})
}

// directory has the text where a CA describes itself (RFC 8555, section 7.1.1).
func (h *hostileWorld) directory(t *testing.T) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.lab.CA.RootPEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	response, err := client.Get(h.lab.CA.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var said map[string]any
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	said["meta"] = map[string]any{
		"caaIdentities": []string{lab.Issuer, h.text}, "termsOfService": h.text, "website": h.text, "profiles": map[string]string{h.text: h.text},
	}
	body, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	h.lab.CA.Fault(ca.Of(ca.Directory), ca.Fault{Status: http.StatusOK, Body: string(body)})
}

func (h *hostileWorld) problem() ca.Problem {
	return ca.Problem{
		Type: "rejectedIdentifier", Detail: h.text, Status: http.StatusForbidden,
		Subproblems: []ca.Subproblem{{Type: h.text, Detail: h.text, Name: h.text}},
	}
}

func (h *hostileWorld) order(name string) {
	h.lab.CA.Fault(ca.Naming(name, ca.Writes(ca.NewOrder)), ca.Refusal(h.problem()))
}

func (h *hostileWorld) validation(name string) {
	problem := h.problem()
	h.lab.CA.Judge(name, ca.Verdict{Problem: &problem})
}

// served presents a certificate whose issuer is called like the text.
func (h *hostileWorld) served(t *testing.T) func(string) {
	return func(name string) {
		now := time.Now()
		issuer, err := owner.NewNamedCA(strings.ToValidUTF8(h.text[:min(len(h.text), 5000)], "?"), now)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := issuer.Issue(now.Add(-time.Hour), now.Add(time.Hour), name)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := tls.X509KeyPair(pair.Chain, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		h.lab.Edge.Behave(name, edge.Behaviour{Certificate: &shown})
	}
}
