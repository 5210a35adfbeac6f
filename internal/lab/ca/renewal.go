package ca

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Window is when a CA suggests to renew (RFC 9773, section 4.2).
type Window struct {
	Start, End time.Time
	// Explanation is a page about it; empty: none.
	Explanation string
}

// Suggest sets the window of one certificate.
func (c *CA) Suggest(serial string, w Window) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.windows == nil {
		c.windows = make(map[string]Window)
	}
	c.windows[serial] = w
}

// renewalInfo answers as Boulder does. Pebble's own window is two days wide
// however short the certificate lives, which for one of minutes says nothing.
// What is revoked, or not known, is left to Pebble.
func (c *CA) renewalInfo(id string) *httptest.ResponseRecorder {
	serial := serialOf(id)
	c.mu.Lock()
	w, set := c.windows[serial]
	c.mu.Unlock()
	if _, revoked := c.revoked(serial); revoked && !set {
		return nil
	}
	if !set {
		leaf := c.leaf(serial)
		if leaf == nil {
			return nil
		}
		w = usual(leaf)
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Retry-After", "21600")
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusOK)
	_ = json.NewEncoder(answer).Encode(map[string]any{
		"suggestedWindow": map[string]time.Time{"start": w.Start, "end": w.End}, "explanationURL": w.Explanation,
	})
	return answer
}

// usual is Boulder's window: 2 % of the lifetime around two thirds of it, or a
// half for those that live less than ten days.
func usual(leaf *x509.Certificate) Window {
	lifetime := leaf.NotAfter.Add(time.Second).Sub(leaf.NotBefore)
	at := leaf.NotAfter.Add(-lifetime / 3)
	if lifetime < 10*24*time.Hour {
		at = leaf.NotAfter.Add(-lifetime / 2)
	}
	return Window{Start: at.Add(-lifetime / 100), End: at.Add(lifetime / 100)}
}

// serialOf reads the serial number out of a certificate's name (RFC 9773,
// section 4.1); empty: there is none.
func serialOf(id string) string {
	_, number, _ := strings.Cut(id, ".")
	raw, err := base64.RawURLEncoding.DecodeString(number)
	if err != nil {
		return ""
	}
	for len(raw) > 1 && raw[0] == 0 {
		raw = raw[1:] // the sign octet
	}
	return hex.EncodeToString(raw)
}

func (c *CA) leaf(serial string) *x509.Certificate {
	for _, issued := range c.Certificates() {
		if issued.Serial != serial {
			continue
		}
		if block, _ := pem.Decode(issued.Chain); block != nil {
			if leaf, err := x509.ParseCertificate(block.Bytes); err == nil {
				return leaf
			}
		}
	}
	return nil
}
