package verify_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// gzipped is an answer of a server that compresses.
func gzipped(t testing.TB, body string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.String())
}

// replay answers every request with the same bytes, then hangs up.
func replay(t testing.TB, sent string) int {
	t.Helper()
	return listen(t, "127.0.0.1:0", func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, sent) // the client may have gone
		}
	})
}

type hostile struct {
	sent, want string
}

func hostileServers(t *testing.T) map[string]hostile {
	const (
		ok      = "HTTP/1.1 200 OK\r\n"
		other   = "127.0.0.1 answered 200 other"
		refused = "127.0.0.1 refused"
	)
	x := strings.Repeat("x", 8<<20)
	void := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + strings.Repeat("\x00\x00\x00\xff\xff", 1<<20)
	return map[string]hostile{
		"compressed":         {gzipped(t, expect), "127.0.0.1 answered 200 match"},
		"compressed bomb":    {gzipped(t, strings.Repeat("x", 64<<20)), other},
		"compressed nothing": {ok + "Content-Encoding: gzip\r\n\r\n" + void, other},
		"compressed badly":   {ok + "Content-Encoding: gzip\r\n\r\n\x1f\x8bnonsense", other},
		"huge":               {ok + "Content-Length: 99999999\r\n\r\n" + x, other},
		"cut short":          {ok + "Content-Length: 500\r\n\r\n" + expect, refused},
		"cut short with 404": {"HTTP/1.1 404 No\r\nContent-Length: 500\r\n\r\n" + expect, "127.0.0.1 answered 404 other"},
		"one long header":    {ok + "X: " + x + "\r\n\r\n", refused},
		"many headers":       {ok + strings.Repeat("X: y\r\n", 1<<20) + "\r\n", refused},
		"many early hints":   {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 1<<16) + ok + "\r\n", refused},
		"long chunk names":   {ok + "Transfer-Encoding: chunked\r\n\r\n1;" + x + "\r\nx\r\n0\r\n\r\n", other},
		"bidi in a header":   {ok + "Server: \u202e<b>nginx</b>\u2066\r\nContent-Length: 0\r\n\r\n", other},
		"control characters": {ok + "Server: \x1b[31mred\r\nContent-Length: 0\r\n\r\n", refused},
		"split in Location":  {"HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\n\tx: \u202e\r\nContent-Length: 0\r\n\r\n", "127.0.0.1 redirect 302 loop"},
		"no HTTP":            {"\x00\x01\x02\xff\r\n\r\n", refused},
	}
}

// TestProbeOfHostileServers: whatever a server sends, the probe ends and keeps
// nothing that could be mistaken for something else.
func TestProbeOfHostileServers(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	v := newVerifier(s)
	for name, c := range hostileServers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := observe(t, v, record.Question{
				Name: "a.example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: replay(t, c.sent),
			}).Probe
			if summary(*got) != c.want {
				t.Errorf("%s, want %s: %s", summary(*got), c.want, got.Detail)
			}
			checkShown(t, got)
		})
	}
}

// checkShown asks of all text of strangers that it can be shown as it is.
func checkShown(t *testing.T, p *record.Probe) {
	t.Helper()
	texts := []string{p.Server, p.Via, p.Ray, p.Layer, p.Detail, p.Thumbprint}
	for _, hop := range p.Hops {
		texts = append(texts, hop.URL, hop.Location)
	}
	for _, text := range texts {
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || len(text) > 2000 {
			t.Errorf("%q cannot be shown", text)
		}
	}
}

// TestProbeOfASlowServer: one that trickles is left when the time is over.
func TestProbeOfASlowServer(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	port := listen(t, "127.0.0.1:0", func(c net.Conn) {
		// An answer before the question would be none.
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			return
		}
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "); err == nil; _, err = io.WriteString(c, "x") {
			<-tick.C
		}
	})
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback, Timeout: time.Second})
	got := observe(t, v, record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbePort: port}).Probe
	if got.Result != record.ProbeTimeout {
		t.Errorf("%s: %s", summary(*got), got.Detail)
	}
}

// FuzzProbe has a server send anything.
func FuzzProbe(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\n" + expect,
		"HTTP/1.1 200 OK\r\n\r\n" + others,
		gzipped(f, expect),
		"HTTP/1.1 302 Found\r\nLocation: data:text/html,<script>\r\n\r\n",
		"HTTP/1.1 301 Moved\r\nLocation: http://me:secret@[fe80::1%25eth0]/\r\n\r\n",
		"HTTP/1.1 307 x\r\nLocation: //xn--mnchen-3ya.example/\xff\xfe\r\nServer: \u202ecloudflare\r\nCF-RAY: \xe2\x80\xae\r\n\r\n",
		"HTTP/1.1 308 x\r\nLocation: http://169.254.169.254/latest\r\n\r\n",
		"HTTP/1.0 511 x\r\nContent-Type: text/html\r\nVia: 1.1 \x1b]0;x\x07\r\n\r\n<html>parked",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/9.9 999\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	s := newDNS(f)
	s.Set("a.example", "A 127.0.0.1")
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback[:1], Timeout: 300 * time.Millisecond})
	f.Fuzz(func(t *testing.T, sent []byte) {
		port := replay(t, string(sent))
		got := observe(t, v, record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: port, ServedPort: port}).Probe
		checkShown(t, got)
		if got.Result == "" || len(got.Each) != 1 {
			t.Errorf("%+v", got)
		}
		for _, hop := range got.Hops {
			if strings.Contains(hop.Location, "secret@") {
				t.Errorf("credentials are shown: %q", hop.Location)
			}
		}
	})
}
