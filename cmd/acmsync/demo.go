//go:build demo

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func addDemo(root *cobra.Command, c console) {
	var dir, file string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it all work on a private CA, DNS, git server and TLS edge",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			began := time.Now()
			if err := runDemo(cmd.Context(), c, dir, file); err != nil {
				return fmt.Errorf("the demo did not go as announced: %w", err)
			}
			_, err := fmt.Fprintf(c.out, "\nEverything happened as announced, in %s.\n", time.Since(began).Round(100*time.Millisecond))
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "leave the folder to explore here (default: a new temporary folder)")
	cmd.Flags().StringVar(&file, "file", "examples/apps.yaml", "the desired state to push")
	root.AddCommand(cmd)
}

// demo is the tour under way. Its commands are the program's own, run as a
// user would run them.
type demo struct {
	c    console
	lab  *lab.Lab
	apps string
}

func runDemo(ctx context.Context, c console, dir, file string) error {
	apps, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the example: %w; run it where examples/ is, or name a file with --file", err)
	}
	if dir, err = demoFolder(dir); err != nil {
		return err
	}
	d := &demo{c: c, apps: string(apps)}
	if d.lab, err = lab.New(lab.Options{Dir: dir}); err != nil {
		return err
	}
	err = errors.Join(d.tour(ctx), d.leave())
	return errors.Join(err, d.lab.Close())
}

// demoFolder is a new, empty folder; only one that is empty is used again.
func demoFolder(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "acmsync-demo-")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty; name a new folder with --dir", dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// say starts a chapter.
func (d *demo) say(format string, args ...any) {
	title := fmt.Sprintf(format, args...)
	if terminalOf(d.c.out).color {
		title = "\x1b[1m" + title + "\x1b[0m"
	}
	fmt.Fprintf(d.c.out, "\n== %s\n", title)
}

// acmsync runs one command line and returns what it printed. An exit code that
// was not announced is an error.
func (d *demo) acmsync(want int, args ...string) (string, error) {
	shown := "$ acmsync " + strings.Join(args, " ")
	fmt.Fprintln(d.c.out, shown)
	var out bytes.Buffer
	c := console{in: d.c.in, out: tee(d.c.out, &out), err: d.c.err}
	got := runMain(append([]string{"--config", d.lab.SettingsPath()}, args...), c)
	if got != want {
		return out.String(), fmt.Errorf("%s ended with exit code %d, not %d", shown, got, want)
	}
	return out.String(), nil
}

// tee copies what is written to w, and still is a terminal if w is one.
func tee(w io.Writer, copied io.Writer) io.Writer {
	both := io.MultiWriter(w, copied)
	if f, ok := w.(*os.File); ok {
		return teeFile{Writer: both, File: f}
	}
	return both
}

type teeFile struct {
	io.Writer
	File *os.File
}

func (t teeFile) Fd() uintptr { return t.File.Fd() }

func (d *demo) push(content, message string) error {
	commit, err := d.lab.Git.Push("main", map[string]*string{"apps.yaml": git.Text(content)}, message)
	if err == nil {
		fmt.Fprintf(d.c.out, "$ git push   # %.12s %s\n", commit, message)
	}
	return err
}

// tour is the main job, from the first push to a pass with nothing to do.
func (d *demo) tour(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{d.begin, d.first, d.edit, d.rest} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) begin(context.Context) error {
	d.say("A private CA, a DNS server, a git server and a TLS edge are running")
	fmt.Fprintf(d.c.out, "CA   %s\nDNS  %s\ngit  %s\nedge http 127.0.0.1:%d, https 127.0.0.1:%d\n",
		d.lab.CA.URL(), d.lab.DNS.Addr(), d.lab.Git.URL(), d.lab.Edge.HTTPPort(), d.lab.Edge.TLSPort())
	d.misconfigure()
	d.lab.Extra = "policy: {revokeAfter: 0s}\n"
	_, err := d.lab.WriteSettings()
	return err
}

// misconfigure sets the world up for examples/apps.yaml: most names are right,
// each of the others is wrong in its own way.
func (d *demo) misconfigure() {
	d.lab.Point("www.shop.example", "www.promo.example", "go.promo.example", "new.blog.example")
	d.lab.PointApex("shop.example", "blog.example", "docs.example")
	d.lab.DNS.Set("old.blog.example", "CNAME blog.oldplatform.example.")
	d.lab.DNS.Set("blog.oldplatform.example", "A 127.0.0.1")
	d.lab.Edge.Behave("old.blog.example", edge.Behaviour{Status: 404, Body: "no such app"})
	d.lab.DNS.Set("caa.docs.example", "A 127.0.0.1", `CAA 0 issue "other-ca.example"`)
	d.lab.Edge.Behave("go.promo.example", edge.Behaviour{Redirect: "http://www.promo.example:{httpPort}/"})
}

func (d *demo) first(ctx context.Context) error {
	d.say("Someone pushes apps.yaml: 10 domains of 4 apps, five of them with a mistake")
	if err := d.push(d.apps, "Our platform's domains"); err != nil {
		return err
	}
	plan, err := d.acmsync(exitOK, "plan")
	if err != nil {
		return err
	}
	if err := contains(plan, "+", "www.shop.example"); err != nil {
		return err
	}
	d.say("acmsync issues what can be issued, and says what keeps the rest")
	if _, err := d.acmsync(exitAttention, "sync"); err != nil {
		return err
	}
	if err := d.expect(map[string]string{
		"www.shop.example": "", "shop.example": "", "blog.example": "", "docs.example": "", "www.promo.example": "",
		"*.shop.example": "wildcard-needs-dns", "old.blog.example": "incorrect-cname-target",
		"nowhere.blog.example": "domain-not-found", "caa.docs.example": "caa-forbids", "go.promo.example": "redirect-drops-path",
	}); err != nil {
		return err
	}
	if err := d.served("www.shop.example", "shop.example", "blog.example", "docs.example", "www.promo.example"); err != nil {
		return err
	}
	if _, err := d.acmsync(exitOK, "certs"); err != nil {
		return err
	}
	d.say("The status is a branch of the repository: one file an app")
	return d.show("apps/blog.yaml")
}

func (d *demo) edit(ctx context.Context) error {
	d.say("An edit: new.blog.example comes, www.promo.example goes")
	edited := strings.Replace(d.apps, "      - blog.example\n", "      - blog.example\n      - new.blog.example\n", 1)
	edited = strings.Replace(edited, "      - www.promo.example\n", "", 1)
	if err := d.push(edited, "blog gets a name, promo loses one"); err != nil {
		return err
	}
	gone := d.lab.CA.CertificatesFor("www.promo.example")
	if _, err := d.acmsync(exitAttention, "sync"); err != nil {
		return err
	}
	if err := d.served("new.blog.example"); err != nil {
		return err
	}
	if len(gone) != 1 {
		return fmt.Errorf("www.promo.example had %d certificates, not 1", len(gone))
	}
	if _, revoked := d.lab.CA.Revoked(gone[0].Serial); !revoked {
		return errors.New("the certificate of www.promo.example was not revoked")
	}
	fmt.Fprintln(d.c.out, "new.blog.example is served; the certificate of www.promo.example is revoked and its files are gone")
	return nil
}

// rest shows that a pass with nothing to do does nothing.
func (d *demo) rest(context.Context) error {
	d.say("A third pass, with nothing to do")
	before, asked := d.lab.Git.Tip("acm-status"), d.lab.CA.Count()
	if _, err := d.acmsync(exitAttention, "sync"); err != nil {
		return err
	}
	if d.lab.Git.Tip("acm-status") != before {
		return errors.New("it committed a status although nothing changed")
	}
	if n := d.lab.CA.Count() - asked; n != 0 {
		return fmt.Errorf("it asked the CA %d times", n)
	}
	_, err := fmt.Fprintln(d.c.out, "no commit, no order, no request to the CA")
	return err
}
