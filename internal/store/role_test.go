//go:build unix

package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// Some tests need other processes, real ones that can be killed and stopped.
// They are this test binary, run again with a role.

const (
	roleVariable = "ACMSYNC_STORE_TEST_ROLE"
	urlVariable  = "ACMSYNC_STORE_TEST_URL"
)

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		goleak.VerifyTestMain(m) // does not return
	}
	roles := map[string]func(context.Context, *store.Store) error{
		"hold": hold, "hold briefly": holdBriefly, "write": write, "work": work, "fill the disk": fillTheDisk, "idle": idle,
	}
	if err := play(roles[role]); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func play(role func(context.Context, *store.Store) error) error {
	ctx := context.Background()
	s, err := store.Open(ctx, os.Getenv(urlVariable), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(role(ctx, s), s.Close())
}

// process is another process that plays a role.
type process struct {
	*exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func start(t *testing.T, role, url string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, urlVariable+"="+url)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, in, bufio.NewScanner(out)}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash would; it may have ended by itself.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

// line is the next line the process prints.
func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the process said no more: %v", p.out.Err())
	}
	return p.out.Text()
}

func hold(ctx context.Context, s *store.Store) error { return holdFor(ctx, s, long) }

func holdBriefly(ctx context.Context, s *store.Store) error {
	return holdFor(ctx, s, 100*time.Millisecond)
}

// holdFor claims, says so, and saves when told to.
func holdFor(ctx context.Context, s *store.Store, ttl time.Duration) error {
	leases, err := s.Claim(ctx, "child", noon, 10, ttl)
	if err != nil {
		return err
	}
	fmt.Println("claimed", len(leases))
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	d := leases[0].Domain
	d.State = record.Failed
	fmt.Println("lost:", errors.Is(s.Save(ctx, leases[0], store.Change{Domain: d}), store.ErrLeaseLost))
	return nil
}

// idle has the store open, and claims nothing.
func idle(context.Context, *store.Store) error {
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
