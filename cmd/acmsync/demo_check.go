//go:build demo

package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/acmsync/acmsync/internal/status"
)

// expect holds the committed status against what was announced: domain to
// reason, where an empty reason means an issued certificate.
func (d *demo) expect(want map[string]string) error {
	got := map[string]string{}
	files, err := d.lab.Git.Files("acm-status")
	if err != nil {
		return err
	}
	for _, file := range files {
		if !strings.HasPrefix(file, "apps/") {
			continue
		}
		content, err := d.lab.Git.Read("acm-status", file)
		if err != nil {
			return err
		}
		app, err := status.Parse(content)
		if err != nil {
			return err
		}
		for _, domain := range app.Domains {
			got[domain.Name] = domain.Reason
			if domain.Reason == "" && domain.Certificate == nil {
				got[domain.Name] = "no certificate (" + domain.Status + ")"
			}
		}
	}
	for name, reason := range want {
		if have, ok := got[name]; !ok || have != reason {
			return fmt.Errorf("%s: the status says %q, announced was %q", name, have, reason)
		}
	}
	return nil
}

// served makes a TLS handshake for each name and checks the certificate it
// gets against the lab's root.
func (d *demo) served(names ...string) error {
	for _, name := range names {
		serial, err := d.lab.Handshake(name)
		if err != nil {
			return fmt.Errorf("the edge does not serve %s: %w", name, err)
		}
		fmt.Fprintf(d.c.out, "TLS handshake with %-20s ok, serial %s\n", name, serial)
	}
	return nil
}

func (d *demo) show(path string) error {
	content, err := d.lab.Git.Read("acm-status", path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.c.out, "$ git show acm-status:%s\n%s", path, content)
	return err
}

// leave copies the repository next to the rest and says what is where.
func (d *demo) leave() error {
	repo := filepath.Join(d.lab.Dir, "repository.git")
	if _, err := d.lab.Git.Git("", "clone", "--quiet", "--mirror", ".", repo); err != nil {
		return fmt.Errorf("keeping the repository: %w", err)
	}
	d.say("Left for you in %s", d.lab.Dir)
	_, err := fmt.Fprintf(d.c.out, `acmsync.yaml     the operator's settings (the servers they name are stopped now)
repository.git   desired state on main, status on acm-status:
                   git -C %s log -p acm-status
live/            certificates as the TLS server reads them
state/           the store
`, repo)
	return err
}

func contains(text string, wants ...string) error {
	for _, want := range wants {
		if !strings.Contains(text, want) {
			return fmt.Errorf("the output lacks %q", want)
		}
	}
	return nil
}
