package operate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/lab/owner"
	"github.com/acmsync/acmsync/internal/operate"
)

// What a pass would say of a certificate is said before the push, where it is
// named, as far as nobody's identity is needed for it.
func TestCheckCertificates(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good, encrypted := issued(t, now, now.Add(time.Hour))
	other, _ := issued(t, now, now.Add(time.Hour))
	old, _ := issued(t, now, now.Add(-time.Minute))
	for name, c := range map[string]struct {
		chain, key string
		domain     string
		want       string
	}{
		"as it should be":          {good.chain, encrypted, "www.shop.example", ""},
		"no chain":                 {"", encrypted, "www.shop.example", "4:24: c.pem is not there, or not a file of its own (a link is none)"},
		"no key":                   {good.chain, "", "www.shop.example", "4:36: c.key is not there, or not a file of its own (a link is none)"},
		"a key in the clear":       {good.chain, good.key, "www.shop.example", "warning 4:36: c.key is a private key in the clear: encrypt it with age (age -r RECIPIENT -a -o c.key.age c.key; your operator names the recipient)"},
		"another's key":            {good.chain, other.key, "www.shop.example", "4:36: c.key is not the private key of c.pem"},
		"no key at all in the key": {good.chain, "hello", "www.shop.example", "4:36: c.key: there is no private key in PEM"},
		"no certificate in it":     {"hello", encrypted, "www.shop.example", "4:24: c.pem: the chain holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"},
		"another name":             {good.chain, encrypted, "shop.example", "5:13: c.pem is not for shop.example, but for www.shop.example"},
		"expired":                  {old.chain, encrypted, "www.shop.example", "4:24: c.pem expired at " + now.Add(-time.Minute).UTC().Format(time.RFC3339)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"apps.yaml": fmt.Sprintf(
				"apiVersion: acmsync/v1\napps:\n- name: shop\n  certificate: {chain: c.pem, key: c.key}\n  domains: [%s]\n", c.domain)}
			for file, text := range map[string]string{"c.pem": c.chain, "c.key": c.key} {
				if text != "" {
					files[file] = text
				}
			}
			if diff := cmp.Diff(c.want, judged(t, folder(t, files), now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// judged is what is found in a folder, the file's name left out.
func judged(t *testing.T, dir string, now time.Time) string {
	t.Helper()
	files, err := operate.FolderWithCertificates(dir)
	if err != nil {
		t.Fatal(err)
	}
	faults, warnings := operate.CheckCertificates(files, now)
	var all []string
	for _, f := range faults {
		all = append(all, f.Error())
	}
	for _, w := range warnings {
		all = append(all, "warning "+w.Error())
	}
	return strings.ReplaceAll(strings.Join(all, "|"), "apps.yaml:", "")
}

type pems struct{ chain, key string }

// issued is a certificate for www.shop.example, and its key encrypted.
func issued(t *testing.T, now, until time.Time) (pems, string) {
	t.Helper()
	ca, err := owner.NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(now.Add(-time.Hour), until, "www.shop.example")
	if err != nil {
		t.Fatal(err)
	}
	_, to, err := owner.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := owner.Encrypt(pair.Key, to)
	if err != nil {
		t.Fatal(err)
	}
	return pems{string(pair.Chain), string(pair.Key)}, string(encrypted)
}
