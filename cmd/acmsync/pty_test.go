//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"
)

// tty runs a command whose output goes to a terminal of 100 columns: tty 0
// acmsync sync. What arrives there is the next standard output.
func tty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tty N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "ACMSYNC_CONFIG", "NO_COLOR", "TERM"} {
		if value := ts.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	out, err := onTerminal(cmd)
	got, err := exitCode(err)
	ts.Check(err)
	_, err = ts.Stdout().Write(out)
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, not %d:\n%s", got, want, out)
	}
	worldOf(ts).searchSecrets(ts, "the terminal", string(out))
}

// onTerminal runs cmd on a pseudo-terminal and returns all it wrote.
func onTerminal(cmd *exec.Cmd) ([]byte, error) {
	master, slave, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer master.Close()
	cmd.Stdout, cmd.Stderr = slave, slave
	if err := errors.Join(cmd.Start(), slave.Close()); err != nil {
		return nil, err
	}
	var out []byte
	for part := make([]byte, 4096); ; {
		n, err := master.Read(part)
		out = append(out, part[:n]...)
		if err != nil { // EIO: nobody has the other end open any more
			return out, cmd.Wait()
		}
	}
}

// openTerminal is posix_openpt, grantpt, unlockpt and ptsname of Linux.
func openTerminal() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	var number, unlock int32
	size := [4]uint16{40, 100}
	for _, set := range []struct {
		request uintptr
		to      unsafe.Pointer
	}{
		{syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)},
		{syscall.TIOCGPTN, unsafe.Pointer(&number)},
		{syscall.TIOCSWINSZ, unsafe.Pointer(&size)},
	} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), set.request, uintptr(set.to)); errno != 0 {
			return nil, nil, errors.Join(errno, master.Close())
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, slave, nil
}
