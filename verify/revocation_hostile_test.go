package verify_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/verify"
)

// hostileList answers in the place of a list that names the certificate.
type hostileList func(l *lister, serial *big.Int) http.HandlerFunc

func body(make func(l *lister, serial *big.Int) []byte) hostileList {
	return func(l *lister, serial *big.Int) http.HandlerFunc {
		raw := make(l, serial)
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) }
	}
}

func text(s string) hostileList {
	return body(func(*lister, *big.Int) []byte { return []byte(s) })
}

func signed(change func(*x509.RevocationList)) hostileList {
	return body(func(l *lister, serial *big.Int) []byte { return l.list(serial, change) })
}

func extended(id asn1.ObjectIdentifier, critical bool, value any) hostileList {
	return body(func(l *lister, serial *big.Int) []byte {
		e := pkix.Extension{Id: id, Critical: critical, Value: l.marshal(value)}
		return l.list(serial, func(r *x509.RevocationList) { r.ExtraExtensions = append(r.ExtraExtensions, e) })
	})
}

// scoped says what the list covers; tag 0 is an address.
func scoped(tag int, value []byte) hostileList {
	field := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: value, IsCompound: tag == 0}
	return extended(asn1.ObjectIdentifier{2, 5, 29, 28}, true, []asn1.RawValue{field})
}

func addressed(url string) []byte {
	return append([]byte{0xa0, byte(len(url) + 2), 0x86, byte(len(url))}, url...)
}

func status(code int, header ...string) hostileList {
	return func(l *lister, serial *big.Int) http.HandlerFunc {
		raw := l.list(serial)
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write(raw)
		}
	}
}

func entries(change func(*x509.RevocationListEntry)) hostileList {
	return signed(func(r *x509.RevocationList) { change(&r.RevokedCertificateEntries[1]) })
}

// hostileLists all say that the certificate is revoked, in a way that does not
// count.
func hostileLists() map[string]hostileList {
	yes := []byte{0xff}
	return map[string]hostileList{
		"nothing": text(""), "garbage": text("\x30\x84\xff\xff\xff\xffgarbage"), "HTML": text("<html>revoked</html>"), "PEM": text("-----BEGIN X509 CRL-----\n"),
		"truncated": body(func(l *lister, s *big.Int) []byte { return l.list(s)[:200] }),
		"one short": body(func(l *lister, s *big.Int) []byte { r := l.list(s); return r[:len(r)-1] }),
		"trailing":  body(func(l *lister, s *big.Int) []byte { return append(l.list(s), 0) }),
		"twice":     body(func(l *lister, s *big.Int) []byte { return append(l.list(s), l.list(s)...) }),
		"changed entry": body(func(l *lister, s *big.Int) []byte {
			return bytes.Replace(l.list(big.NewInt(0x11223344)), []byte{0x11, 0x22, 0x33, 0x44}, s.FillBytes(make([]byte, 4)), 1)
		}),
		"another key": body(func(l *lister, s *big.Int) []byte {
			other := &lister{t: l.t, now: l.now}
			other.cert, other.key = issuerCert(l.t, "Test Issuer")
			return other.list(s)
		}),
		"another issuer": body(func(l *lister, s *big.Int) []byte {
			c := l.plain(s)
			c.Issuer.FullBytes = l.marshal(pkix.Name{CommonName: "Another"}.ToRDNSequence())
			return l.sign(c, ecdsaWithSHA256)
		}),
		"SHA-1": body(func(l *lister, s *big.Int) []byte {
			return l.sign(l.plain(s), asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1})
		}),
		"no end": body(func(l *lister, s *big.Int) []byte {
			c := l.plain(s)
			c.NextUpdate = time.Time{}
			return l.sign(c, ecdsaWithSHA256)
		}),
		"ended":              signed(func(r *x509.RevocationList) { r.NextUpdate = r.ThisUpdate.Add(time.Minute) }),
		"from the future":    signed(func(r *x509.RevocationList) { r.ThisUpdate = r.ThisUpdate.Add(2 * time.Hour) }),
		"delta":              extended(asn1.ObjectIdentifier{2, 5, 29, 27}, true, 6),
		"not critical delta": extended(asn1.ObjectIdentifier{2, 5, 29, 27}, false, 6),
		"unknown":            extended(asn1.ObjectIdentifier{1, 2, 3, 4}, true, 6),
		"for CAs":            scoped(2, yes),
		"some reasons":       scoped(3, []byte{1, 0x40}),
		"indirect":           scoped(4, yes),
		"for attributes":     scoped(5, yes),
		"other address":      scoped(0, addressed("http://other.test/1.crl")),
		"address of nothing": scoped(0, []byte{0xa0, 0x00}),
		"broken scope":       extended(asn1.ObjectIdentifier{2, 5, 29, 28}, true, "text"),
		"reason 11":          entries(func(e *x509.RevocationListEntry) { e.ReasonCode = 11 }),
		"other's entry": entries(func(e *x509.RevocationListEntry) {
			e.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}
		}),
	}
}

// unhelpfulServers do not hand out what they have as one should.
func unhelpfulServers() map[string]hostileList {
	return map[string]hostileList{
		"404": status(404), "403": status(403), "206": status(206), "500": status(500), "429": status(429, "Retry-After", "60"),
		"503":        status(503, "Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)),
		"redirect":   status(302, "Location", "/1.crl?again"),
		"inside":     status(301, "Location", "http://169.254.169.254/latest/meta-data/"),
		"compressed": compressed(func(w io.Writer, l *lister, s *big.Int) { _, _ = w.Write(l.list(s)) }),
		"bomb":       compressed(func(w io.Writer, _ *lister, _ *big.Int) { _, _ = w.Write(make([]byte, 1<<20)) }),
		"huge": func(*lister, *big.Int) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				for block := make([]byte, 1<<20); ; {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
			}
		},
		"huge header": status(200, "X-Fill", strings.Repeat("x", 128<<10)),
		"cut": func(l *lister, s *big.Int) http.HandlerFunc {
			list := l.list(s) // another has a signature of another length
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(list)+1))
				_, _ = w.Write(list)
			}
		},
		"hangs up": func(*lister, *big.Int) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
	}
}

func compressed(write func(io.Writer, *lister, *big.Int)) hostileList {
	return func(l *lister, serial *big.Int) http.HandlerFunc {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		write(z, l, serial)
		if err := z.Close(); err != nil {
			l.t.Fatal(err)
		}
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(b.Bytes())
		}
	}
}

// TestHostileLists: nothing is concluded from them, and they are asked for once.
func TestHostileLists(t *testing.T) {
	t.Parallel()
	serial := big.NewInt(0x55667788)
	all := hostileLists()
	maps.Copy(all, unhelpfulServers())
	for name, hostile := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLister(t)
			l.serve(hostile(l, serial))
			said, revoked, err := reader().Revoked(t.Context(), l.chain(serial, l.url), l.now)
			if revoked || err == nil {
				t.Errorf("%+v, %v, %v", said, revoked, err)
			}
			if n := l.asked.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestListsThatCount are as far from the hostile ones as can be told.
func TestListsThatCount(t *testing.T) {
	t.Parallel()
	serial := big.NewInt(0x55667788)
	for name, good := range map[string]hostileList{
		"plain":   signed(func(*x509.RevocationList) {}),
		"by hand": body(func(l *lister, s *big.Int) []byte { return l.sign(l.plain(s), ecdsaWithSHA256) }),
		"of servers, from its address": func(l *lister, s *big.Int) http.HandlerFunc {
			e := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: l.marshal([]asn1.RawValue{
				{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: addressed(l.url), IsCompound: true},
				{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte{0xff}},
			})}
			raw := l.list(s, func(r *x509.RevocationList) { r.ExtraExtensions = []pkix.Extension{e} })
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) }
		},
		"an extension that does not matter": extended(asn1.ObjectIdentifier{1, 2, 3, 4}, false, 6),
	} {
		l := newLister(t)
		l.serve(good(l, serial))
		if _, revoked, err := reader().Revoked(t.Context(), l.chain(serial, l.url), l.now); err != nil || !revoked {
			t.Errorf("%s: %v, %v", name, revoked, err)
		}
	}
}

// TestRemovedFromTheList is not revoked any more (RFC 5280, section 5.3.1).
func TestRemovedFromTheList(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	serial := big.NewInt(0x55667788)
	l.serveBytes(l.list(serial, func(r *x509.RevocationList) { r.RevokedCertificateEntries[1].ReasonCode = 8 }))
	if _, revoked, err := reader().Revoked(t.Context(), l.chain(serial, l.url), l.now); err != nil || revoked {
		t.Errorf("%v, %v", revoked, err)
	}
}

// TestSlowList: a byte now and then does not hold a look for longer than the
// time-out.
func TestSlowList(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	serial := big.NewInt(5)
	raw := l.list(serial)
	l.serve(func(w http.ResponseWriter, r *http.Request) {
		for i := range raw {
			_, _ = w.Write(raw[i : i+1])
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	r := verify.NewRevocations(verify.RevocationConfig{ProbeAllow: loopback, Timeout: 300 * time.Millisecond})
	if _, revoked, err := r.Revoked(t.Context(), l.chain(serial, l.url), l.now); err == nil || revoked {
		t.Errorf("%v, %v", revoked, err)
	}
}

// TestWhoseListItIs: without the issuer in the chain, with another one, or with
// one that may not sign lists, nobody can say.
func TestWhoseListItIs(t *testing.T) {
	t.Parallel()
	serial := big.NewInt(5)
	l := newLister(t)
	l.serveBytes(l.list(serial))
	whole := l.chain(serial, l.url)
	alone := whole[:bytes.Index(whole[1:], []byte("-----BEGIN"))+1]
	other, _ := issuerCert(t, "Test Issuer")
	barred := newLister(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	barred.serveBytes(barred.sign(barred.plain(serial), ecdsaWithSHA256))
	for name, chain := range map[string][]byte{
		"alone": alone, "another issuer": append(bytes.Clone(alone), toPEM(other)...), "may not sign": barred.chain(serial, barred.url),
		"empty": nil, "no PEM": []byte("x"), "cut short": whole[:40],
	} {
		if _, revoked, err := reader().Revoked(t.Context(), chain, l.now); err == nil || revoked {
			t.Errorf("%s: %v, %v", name, revoked, err)
		}
	}
	if n := l.asked.Load(); n > 0 {
		t.Errorf("%d requests that cannot help", n)
	}
}
