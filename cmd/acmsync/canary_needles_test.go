//go:build linux

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"
)

// canaries are secrets by what they are of, in every form in which one may leak.
type canaries map[string][][]byte

// text adds a secret that is a word.
func (c canaries) text(what, secret string) {
	c.bytes(what, []byte(secret))
	if raw, err := base64.StdEncoding.DecodeString(secret); err == nil && len(raw) >= 12 {
		c.bytes(what+", decoded", raw)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 12 {
		c.bytes(what+", decoded", raw)
	}
	for _, user := range []string{"acmsync:", "git:", "user:"} { // RFC 7617, section 2
		c.bytes(what+", as credentials", []byte(base64.StdEncoding.EncodeToString([]byte(user+secret))))
	}
}

// bytes adds a secret as it is, in hexadecimal, base64, and as Go prints bytes.
func (c canaries) bytes(what string, secret []byte) {
	if len(secret) == 0 {
		return
	}
	unpadded := func(encode func([]byte) string) []byte { return []byte(strings.TrimRight(encode(secret), "=")) }
	c[what] = append(
		c[what], bytes.Clone(secret), []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
		unpadded(base64.StdEncoding.EncodeToString), unpadded(base64.URLEncoding.EncodeToString),
		[]byte(strings.Trim(fmt.Sprint(secret), "[]")),
	)
}

// key adds a private key in PEM: its text, what is in it, and its number.
func (c canaries) key(what string, text []byte) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		// The beginnings of all keys of a kind are alike, and their ends are public.
		c.bytes(what, block.Bytes)
		c.bytes(what+", the middle", block.Bytes[30:60])
		body := base64.StdEncoding.EncodeToString(block.Bytes)
		c[what+", the body"] = append(c[what+", the body"], []byte(body[44:84]))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			key, err = ssh.ParseRawPrivateKey(text)
		}
		if secret, ok := key.(*ecdsa.PrivateKey); ok && err == nil {
			number, err := secret.Bytes()
			if err != nil {
				continue
			}
			c.bytes(what+", the number", number) // d in a JWK (RFC 7518, section 6.2.2.1)
			c[what+", the number"] = append(c[what+", the number"], []byte(new(big.Int).SetBytes(number).String()))
		}
	}
}

// search are the secrets that the text holds, whatever breaks its lines.
func (c canaries) search(text []byte) []string {
	squeezed := squeeze(text)
	var found []string
	for what, forms := range c {
		for _, form := range forms {
			if bytes.Contains(text, form) || bytes.Contains(squeezed, form) {
				found = append(found, what)
				break
			}
		}
	}
	return found
}

// squeeze takes out what stands between the lines of a PEM block, in text and as
// Go and JSON quote it.
func squeeze(text []byte) []byte {
	return []byte(strings.NewReplacer("\n", "", "\r", "", `\n`, "", `\r`, "", " ", "", "\t", "").Replace(string(text)))
}

// TestCanariesAreFound keeps TestCanary from passing because it cannot find what
// leaks: whatever form a secret has, it is seen.
func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	number, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	c := canaries{}
	c.key("key", text)
	c.text("token", "canary-token-1")
	c.text("mac", "c2VjcmV0IG9mIHRoZSBsYWI")
	for name, leak := range map[string]string{
		"PEM": string(text), "PEM quoted": fmt.Sprintf("%q", text), "PEM in YAML": strings.ReplaceAll(string(text), "\n", "\n    "),
		"its body": strings.ReplaceAll(base64.StdEncoding.EncodeToString(der), "\n", ""), "its bytes": string(der),
		"hexadecimal": fmt.Sprintf("%x", der), "as Go prints it": fmt.Sprint(der), "its number": string(number), "its number in hexadecimal": fmt.Sprintf("%X", number),
		"JWK": base64.RawURLEncoding.EncodeToString(number), "decimal": new(big.Int).SetBytes(number).String(),
		"token": "x canary-token-1 y", "credentials": "Basic " + base64.StdEncoding.EncodeToString([]byte("acmsync:canary-token-1")),
		"base64 of a token": base64.StdEncoding.EncodeToString([]byte("canary-token-1")),
		"decoded":           "secret of the lab",
	} {
		if len(c.search([]byte("before "+leak+" after"))) == 0 {
			t.Errorf("%s is not seen: %q", name, leak)
		}
	}
	if found := c.search([]byte("nothing of it")); len(found) != 0 {
		t.Errorf("found %q in nothing", found)
	}
}

// TestNoFlagIsASecret: a command line is seen by every user of the host.
func TestNoFlagIsASecret(t *testing.T) {
	t.Parallel()
	opens := regexp.MustCompile(`(?i)token|secret|passw|hmac|key|identity|credential`)
	flags := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(cmd.LocalFlags().FlagUsages(), -1) {
			flags++
			if opens.MatchString(flag) {
				t.Errorf("%s %s may be a secret", cmd.CommandPath(), flag)
			}
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRoot(console{}))
	if flags < 20 {
		t.Errorf("only %d flags are looked at", flags)
	}
}
