package verify_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/verify"
)

// TestRevoked: what is on its issuer's list is revoked, with when and why; what
// is not on it is not, however alike the numbers are.
func TestRevoked(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	long := new(big.Int).SetBytes([]byte{0x7f, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
	high := new(big.Int).SetBytes([]byte{0x83, 2, 3}) // DER puts a sign octet before it
	for name, serial := range map[string]*big.Int{"twenty octets": long, "sign octet": high, "small": big.NewInt(258)} {
		l.serveBytes(l.list(serial))
		r := reader()
		said, revoked, err := r.Revoked(t.Context(), l.chain(serial, l.url), l.now)
		if err != nil || !revoked || said.Reason != 1 || !said.At.Equal(l.now.Add(-90*time.Minute)) {
			t.Errorf("%s: %+v, %v, %v", name, said, revoked, err)
		}
		for _, other := range []int64{1, 258 * 256, 259} {
			if said, revoked, err := r.Revoked(t.Context(), l.chain(big.NewInt(other), l.url), l.now); err != nil || revoked {
				t.Errorf("%s: %d is not on the list, and was found there: %+v, %v", name, other, said, err)
			}
		}
	}
}

// TestEmptyList: nothing is revoked.
func TestEmptyList(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	l.serveBytes(l.list(big.NewInt(9), func(list *x509.RevocationList) { list.RevokedCertificateEntries = nil }))
	if _, revoked, err := reader().Revoked(t.Context(), l.chain(big.NewInt(9), l.url), l.now); err != nil || revoked {
		t.Errorf("%v, %v", revoked, err)
	}
}

// TestListsAreShared: a thousand looks by sixteen workers cost one fetch, and
// another half a day later.
func TestListsAreShared(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	serial := big.NewInt(77)
	l.serveBytes(l.list(serial))
	revoked, healthy := l.chain(serial, l.url), l.chain(big.NewInt(78), l.url)
	r := reader()
	look := func(now time.Time) {
		t.Helper()
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for range 32 {
					_, one, err1 := r.Revoked(t.Context(), revoked, now)
					_, other, err2 := r.Revoked(t.Context(), healthy, now)
					if !one || other || err1 != nil || err2 != nil {
						t.Errorf("%v, %v, %v, %v", one, other, err1, err2)
					}
				}
			})
		}
		workers.Wait()
	}
	look(l.now)
	look(l.now.Add(11 * time.Hour))
	if n := l.asked.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
	look(l.now.Add(13 * time.Hour))
	look(l.now) // a clock that was set back trusts nothing from the future
	if n := l.asked.Load(); n != 3 {
		t.Errorf("%d fetches, want 3", n)
	}
}

// TestListHoldsThroughAnOutage for as long as it says itself, and no longer.
func TestListHoldsThroughAnOutage(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	serial := big.NewInt(77)
	l.serveBytes(l.list(serial))
	chain, r := l.chain(serial, l.url), reader()
	for _, step := range []struct {
		after time.Duration
		fails bool
	}{{0, false}, {24 * time.Hour, false}, {10 * 24 * time.Hour, true}} {
		_, revoked, err := r.Revoked(t.Context(), chain, l.now.Add(step.after))
		if revoked == step.fails || (err != nil) != step.fails {
			t.Errorf("after %s: %v, %v", step.after, revoked, err)
		}
		l.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	}
}

// TestWhoGaveNoListRests: for a quarter of an hour, or for as long as the server
// asks, up to a day; a host that does not answer is left alone with all its
// lists.
func TestWhoGaveNoListRests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		retryAfter string
		rest       time.Duration
		other      int32 // fetches of another list of the host meanwhile
	}{
		"not found":    {404, "", 2 * time.Hour, 1},
		"unavailable":  {503, "", 15 * time.Minute, 0},
		"for an hour":  {503, "3600", time.Hour, 0},
		"for a second": {429, "1", 15 * time.Minute, 0},
		"for a year":   {503, "31536000", 24 * time.Hour, 0},
		"for ever":     {503, "99999999999999999999", 15 * time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLister(t)
			l.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.retryAfter)
				w.WriteHeader(c.status)
			})
			r, chain := reader(), l.chain(big.NewInt(5), l.url)
			look := func(chain []byte, after time.Duration) {
				if _, revoked, err := r.Revoked(t.Context(), chain, l.now.Add(after)); err == nil || revoked {
					t.Errorf("%v, %v", revoked, err)
				}
			}
			look(chain, 0)
			look(chain, c.rest-time.Second)
			if n := l.asked.Load(); n != 1 {
				t.Errorf("asked %d times, want once", n)
			}
			look(l.chain(big.NewInt(5), l.url+"2"), time.Second)
			if n := l.asked.Load(); n != 1+c.other {
				t.Errorf("asked %d times, another list included, want %d", n, 1+c.other)
			}
			look(chain, c.rest)
			if n := l.asked.Load(); n != 2+c.other {
				t.Errorf("asked %d times after the rest, want %d", n, 2+c.other)
			}
		})
	}
}

// TestWhereListsAreLookedFor: over http, at public addresses and the operator's,
// the first that answers.
func TestWhereListsAreLookedFor(t *testing.T) {
	t.Parallel()
	l := newLister(t)
	serial := big.NewInt(5)
	l.serveBytes(l.list(serial))
	none := []string{
		"https" + l.url[len("http"):], "ldap://directory.test/cn=CA?certificateRevocationList", "file:///etc/passwd",
		"http://user:secret@" + l.url[len("http://"):], "http://", "//" + l.url[len("http://"):], "", "%",
	}
	for _, at := range none {
		if _, revoked, err := reader().Revoked(t.Context(), l.chain(serial, at), l.now); !errors.Is(err, verify.ErrNoList) || revoked {
			t.Errorf("%q: %v, %v", at, revoked, err)
		}
	}
	if _, _, err := reader().Revoked(t.Context(), l.chain(serial), l.now); !errors.Is(err, verify.ErrNoList) {
		t.Errorf("without any: %v", err)
	}
	guarded := verify.NewRevocations(verify.RevocationConfig{})
	if _, revoked, err := guarded.Revoked(t.Context(), l.chain(serial, l.url), l.now); !errors.As(err, new(*verify.ForbiddenError)) || revoked {
		t.Errorf("at an internal address: %v, %v", revoked, err)
	}
	if n := l.asked.Load(); n > 0 {
		t.Fatalf("%d requests", n)
	}
	if _, revoked, err := reader().Revoked(t.Context(), l.chain(serial, none[0], "http://127.0.0.1:1/", l.url), l.now); err != nil || !revoked {
		t.Errorf("at its third address: %v, %v", revoked, err)
	}
}
