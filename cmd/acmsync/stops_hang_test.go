//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// hanging are things that never answer. Each is arranged before the daemon
// starts, and says whether it hangs by now.
var hanging = map[string]func(*stop) (hung func() bool){
	"git fetch":           hangGit("git-upload-pack"),
	"git push":            hangGit("git-receive-pack"),
	"CA directory":        hangCA(ca.Directory),
	"nonce":               hangCA(ca.NewNonce),
	"new order":           hangCA(ca.NewOrder),
	"authorization":       hangCA(ca.Authz),
	"challenge":           hangCA(ca.Challenge),
	"finalize":            hangCA(ca.Finalize),
	"download":            hangCA(ca.Cert),
	"renewal information": hangCA(ca.RenewalInfo),
	"resolver":            hangDNS,
	"probe":               hangProbe,
	"served check":        hangServed,
	"deploy hook":         hangHook,
	"dns-01 program":      hangProgram,
	"store locked":        hangStore,
	"store being opened":  hangOpening,
	"challenge listener":  hangListener,
	"idle":                idle,
}

func hangGit(service string) func(*stop) func() bool {
	return func(s *stop) func() bool {
		var held atomic.Bool
		s.Git.Fail(git.Fault{Service: service, Hang: true, Before: func() { held.Store(true) }})
		s.heal = append(s.heal, s.Git.Heal)
		return held.Load
	}
}

func hangCA(kind ca.Kind) func(*stop) func() bool {
	return func(s *stop) func() bool {
		var held atomic.Bool
		s.heal = append(s.heal,
			s.CA.Before(kind, func() { held.Store(true) }),
			s.CA.Fault(ca.Of(kind), ca.Fault{Delay: time.Hour}))
		return held.Load
	}
}

func hangDNS(s *stop) func() bool {
	s.DNS.Fail(stopped, 0, dns.Fault{Silent: true})
	s.heal = append(s.heal, func() { s.DNS.Mend(stopped, 0) })
	return func() bool { return s.DNS.Asked(stopped, 0) > 0 }
}

func hangProbe(s *stop) func() bool {
	s.Edge.Behave(stopped, edge.Behaviour{Hang: true})
	s.heal = append(s.heal, func() { s.Edge.Behave(stopped, edge.Behaviour{}) })
	return func() bool { return len(s.Edge.Requests()) > 0 }
}

// hangServed has the daemon look at an edge that takes connections and says
// nothing.
func hangServed(s *stop) func() bool {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	var taken atomic.Bool
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			taken.Store(true)
			s.t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	s.flags = []string{"--set", "platform.servedPort=" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
	s.heal = append(s.heal, func() { _ = l.Close() })
	return taken.Load
}

// stubborn is a program that cannot be asked to end, and neither can what it
// started. It says when that is so; once healed, it says that it was run.
func (s *stop) stubborn() string {
	path := filepath.Join(s.Dir, "stubborn")
	script := "#!/bin/sh\nif test -e '%[1]s.healed'; then : >'%[1]s.again'; exit 0; fi\n" +
		"trap '' TERM INT HUP\nsleep 600 &\n: >'%[1]s'\nwait\n"
	s.must(os.WriteFile(path, fmt.Appendf(nil, script, s.named), 0o700))
	s.heal = append(s.heal, func() { s.must(os.WriteFile(s.named+".healed", nil, 0o600)) })
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func hangHook(s *stop) func() bool {
	s.Extra = fmt.Sprintf("  - {name: copy, files: {dir: %s/copy}, hook: [%s]}\n", s.Dir, s.stubborn())
	s.goesOn = func() {
		s.wantIssued()
		s.wantRunAgain()
	}
	return func() bool { return exists(s.named) }
}

func (s *stop) wantRunAgain() {
	s.t.Helper()
	if !exists(s.named + ".again") {
		s.t.Error("the next run does not run the program again")
	}
}

// hangProgram is not seen to its end: the lab has no server on port 53 to look
// for the record at.
func hangProgram(s *stop) func() bool {
	s.DNS.Set("shop.example", "SOA ns.shop.example. ops.shop.example. 1 2 3 4 5", "NS ns.shop.example.")
	s.DNS.Set("ns.shop.example", "A 127.0.0.1")
	s.Extra = fmt.Sprintf("challenge: {dns01: {provider: exec, env: {EXEC_PATH: %s}}}\n", s.stubborn())
	s.push("dns-01")
	s.goesOn = func() {
		if code, out := s.sync("--timeout", "3s"); code != exitTimeout {
			s.t.Errorf("the next run ends with %d:\n%s", code, out)
		}
		s.wantRunAgain()
	}
	return func() bool { return exists(s.named) }
}

// hangStore is another process in the middle of a change to the database.
func hangStore(s *stop) func() bool {
	var held atomic.Bool
	s.heal = append(s.heal, s.CA.After(ca.NewOrder, func() {
		if held.Load() {
			return
		}
		db, err := sql.Open("sqlite", filepath.Join(s.Dir, "state", "acmsync.db")+"?_pragma=busy_timeout(5000)")
		s.must(err)
		conn, err := db.Conn(context.Background())
		s.must(err)
		_, err = conn.ExecContext(context.Background(), "BEGIN IMMEDIATE")
		s.must(err)
		s.heal = append(s.heal, func() { _ = conn.Close(); _ = db.Close() })
		held.Store(true)
	}))
	return held.Load
}

// hangOpening is one that makes the tables of the database.
func hangOpening(s *stop) func() bool {
	dir := filepath.Join(s.Dir, "state")
	s.must(os.Mkdir(dir, 0o700))
	f, err := os.Open(dir)
	s.must(err)
	s.must(syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	s.heal = append(s.heal, func() { _ = f.Close() })
	return func() bool { return slices.Contains(s.daemon.files(), dir) }
}

// hangListener has somebody connect to the daemon's own port and say half of
// what there is to say.
func hangListener(s *stop) func() bool {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	address := l.Addr().String()
	s.must(l.Close())
	s.Extra = fmt.Sprintf("challenge: {http01: {mode: listen, listen: %q}}\n", address)
	waits := hangCA(ca.Challenge)(s)
	var conn net.Conn
	return func() bool {
		if conn == nil && waits() {
			if conn, err = net.Dial("tcp", address); err != nil {
				return false
			}
			s.t.Cleanup(func() { _ = conn.Close() })
			_, err := fmt.Fprintf(conn, "GET /.well-known/acme-challenge/ HTTP/1.1\r\nHost: %s\r\n", stopped)
			s.must(err)
		}
		return conn != nil
	}
}

func idle(s *stop) func() bool {
	return func() bool {
		_, err := s.Git.Read("acm-status", "apps/shop.yaml")
		return err == nil
	}
}

// files are what the process has open.
func (d *daemon) files() (open []string) {
	links, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(d.process.Pid), "fd", "*"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil {
			open = append(open, to)
		}
	}
	return open
}

func wholePair(folder string) error {
	_, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "privkey.pem"))
	return err
}

// wantSound has SQLite look through a database.
func wantSound(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("the store: %q, %v", said, err)
	}
}
