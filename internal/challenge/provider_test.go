package challenge_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/challenge"
)

func record43() challenge.TXT {
	return challenge.TXT{
		Zone: "shop.example", Name: "_acme-challenge.shop.example", Value: "v",
		Domain: "shop.example", Token: "t", KeyAuth: "t.thumbprint",
	}
}

// script writes a program and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func provider(t *testing.T, name string, variables map[string]string) challenge.Provider {
	t.Helper()
	p, err := challenge.NewProvider(name, variables)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProgramGetsWhatLegosGets(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	path := script(t, `echo "$* $API_KEY ${ACMSYNC_SECRET-unset}" >> "$LOG"`)
	for mode, want := range map[string]string{
		"":    "present _acme-challenge.shop.example. v k unset\ncleanup _acme-challenge.shop.example. v k unset\n",
		"RAW": "present -- shop.example t t.thumbprint k unset\ncleanup -- shop.example t t.thumbprint k unset\n",
	} {
		if err := os.RemoveAll(log); err != nil {
			t.Fatal(err)
		}
		p := provider(t, "exec", map[string]string{"EXEC_PATH": path, "EXEC_MODE": mode, "API_KEY": "k", "LOG": log})
		if err := errors.Join(p.Add(t.Context(), record43()), p.Remove(t.Context(), record43())); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(log); err != nil || string(got) != want {
			t.Errorf("mode %q: got %q (%v), want %q", mode, got, err, want)
		}
	}
}

func TestProgramThatFails(t *testing.T) {
	t.Parallel()
	p := provider(t, "exec", map[string]string{"EXEC_PATH": script(t, `echo "the secret"; exit 7`)})
	err := p.Add(t.Context(), record43())
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// TestProgramThatHangs is ended with what it started, and holds nobody up for
// longer than that.
func TestProgramThatHangs(t *testing.T) {
	t.Parallel()
	p := provider(t, "exec", map[string]string{"EXEC_PATH": script(t, "sleep 60 & sleep 60"), "EXEC_TIMEOUT": "1"})
	began := time.Now()
	err := p.Add(t.Context(), record43())
	var late interface{ Timeout() bool }
	if !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("got %v, want a time-out", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Remove(ctx, record43()); err == nil {
		t.Error("a cancelled call did its work")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestHTTPReqSpeaksLegosProtocol(t *testing.T) {
	t.Parallel()
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		_ = json.NewDecoder(r.Body).Decode(&body)
		user, password, _ := r.BasicAuth()
		got = append(got, r.Method+" "+r.URL.Path+" "+body["fqdn"]+" "+body["value"]+body["keyAuth"]+" "+user+":"+password)
	}))
	defer s.Close()
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"HTTPREQ_ENDPOINT": s.URL + "/dns", "HTTPREQ_USERNAME": "u", "HTTPREQ_PASSWORD_FILE": secret}
	plain := provider(t, "httpreq", variables)
	variables["HTTPREQ_MODE"] = "RAW"
	raw := provider(t, "httpreq", variables)
	if err := errors.Join(plain.Add(t.Context(), record43()), plain.Remove(t.Context(), record43()), raw.Add(t.Context(), record43())); err != nil {
		t.Fatal(err)
	}
	want := "POST /dns/present _acme-challenge.shop.example. v u:p\nPOST /dns/cleanup _acme-challenge.shop.example. v u:p\nPOST /dns/present  t.thumbprint u:p"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// TestHTTPReqThatFails: neither the answer's body nor a redirect's host gets
// anything of ours, or into our errors.
func TestHTTPReqThatFails(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/present" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		http.Error(w, "the secret", http.StatusInternalServerError)
	}))
	defer s.Close()
	p := provider(t, "httpreq", map[string]string{"HTTPREQ_ENDPOINT": s.URL})
	for verb, err := range map[string]error{"307": p.Add(t.Context(), record43()), "500": p.Remove(t.Context(), record43())} {
		if err == nil || !strings.Contains(err.Error(), verb) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want it to say %s", err, verb)
		}
	}
}

// TestProvidersRefuseWhatTheyDoNotUnderstand, without repeating any value.
func TestProvidersRefuseWhatTheyDoNotUnderstand(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		provider  string
		variables map[string]string
	}{
		"challenge.dns01.provider":                     {"route53", nil},
		"challenge.dns01.env.DNSUPDATE_NAMESERVER":     {"rfc2136", nil},
		"challenge.dns01.env.DNSUPDATE_TSIG_SECRT":     {"rfc2136", map[string]string{"DNSUPDATE_NAMESERVER": "x", "DNSUPDATE_TSIG_SECRT": "hunter2"}},
		"challenge.dns01.env.DNSUPDATE_TSIG_SECRET":    {"rfc2136", map[string]string{"DNSUPDATE_NAMESERVER": "x", "DNSUPDATE_TSIG_KEY": "k", "DNSUPDATE_TSIG_SECRET": "hunter2!"}},
		"challenge.dns01.env.DNSUPDATE_TSIG_KEY":       {"rfc2136", map[string]string{"DNSUPDATE_NAMESERVER": "x", "DNSUPDATE_TSIG_SECRET": "hunter2="}},
		"challenge.dns01.env.DNSUPDATE_TSIG_ALGORITHM": {"rfc2136", map[string]string{"DNSUPDATE_NAMESERVER": "x", "DNSUPDATE_TSIG_ALGORITHM": "hmac-md5"}},
		"challenge.dns01.env.EXEC_PATH":                {"exec", nil},
		"challenge.dns01.env.EXEC_MODE":                {"exec", map[string]string{"EXEC_PATH": "/bin/true", "EXEC_MODE": "raw"}},
		"challenge.dns01.env.HTTPREQ_ENDPOINT":         {"httpreq", map[string]string{"HTTPREQ_ENDPOINT": "https://u:hunter2@example.net"}},
		"challenge.dns01.env.HTTPREQ_PASSWORD_FILE":    {"httpreq", map[string]string{"HTTPREQ_ENDPOINT": "https://example.net", "HTTPREQ_PASSWORD_FILE": "/no/such/file"}},
	}
	for want, c := range cases {
		_, err := challenge.NewProvider(c.provider, c.variables)
		if err == nil || !strings.HasPrefix(err.Error(), want+": ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}
