//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopsWithin is promised to whoever sends SIGTERM.
const stopsWithin = 10 * time.Second

// daemon is `acmsync run` as a process of its own.
type daemon struct {
	t       *testing.T
	process *os.Process
	ask     io.WriteCloser
	answers *json.Decoder
	ended   chan struct{} // closed when the process has; then err is set
	err     error
	log     string // the file that standard error goes to
}

// startDaemon starts it with these settings and flags.
func startDaemon(t *testing.T, settings string, flags ...string) *daemon {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(filepath.Dir(settings), "daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("acmsync-watched", append([]string{"run", "--config", settings}, flags...)...)
	cmd.Stderr = log
	cmd.Dir = filepath.Dir(settings) // by which orphans knows what it started
	ask, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, process: cmd.Process, ask: ask, answers: json.NewDecoder(answers), ended: make(chan struct{}), log: log.Name()}
	go func() {
		d.err = cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		_ = d.process.Kill()
		<-d.ended
	})
	return d
}

// stop sends SIGTERM and says how long it took and the exit code. A process
// that does not end in time is made to say where it hangs.
func (d *daemon) stop() (took time.Duration, code int) {
	d.t.Helper()
	began := time.Now()
	d.signal(syscall.SIGTERM)
	if !d.endsWithin(stopsWithin) {
		d.signal(syscall.SIGQUIT)
		<-d.ended
		d.t.Fatalf("SIGTERM did not end it within %s:\n%s", stopsWithin, d.said())
	}
	code, err := exitCode(d.err)
	if err != nil {
		d.t.Fatal(err)
	}
	return time.Since(began), code
}

func (d *daemon) signal(s os.Signal) {
	d.t.Helper()
	if err := d.process.Signal(s); err != nil {
		d.t.Fatalf("the daemon is gone: %v\n%s", err, d.said())
	}
}

func (d *daemon) endsWithin(limit time.Duration) bool {
	select {
	case <-d.ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// said is its log.
func (d *daemon) said() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		d.t.Error(err)
	}
	return string(text)
}

// inside asks the process about itself.
func (d *daemon) inside(line string) inside {
	d.t.Helper()
	var in inside
	_, err := fmt.Fprintln(d.ask, line)
	if err == nil {
		err = d.answers.Decode(&in)
	}
	if err != nil {
		d.t.Fatalf("the daemon does not answer: %v\n%s", err, d.said())
	}
	return in
}

// reading is what a process uses at one time.
type reading struct {
	Goroutines, Descriptors, Threads float64
	Heap, Resident                   float64 // MiB
}

const mib = 1 << 20

// read asks the system before the process, whose answer changes what is resident.
func (d *daemon) read() reading {
	d.t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(d.process.Pid))
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		d.t.Fatalf("the daemon is gone: %v\n%s", err, d.said())
	}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		d.t.Fatal(err)
	}
	r := reading{Descriptors: float64(len(fds)), Threads: field(status, "Threads"), Resident: field(status, "VmRSS") / 1024}
	in := d.inside("look")
	r.Goroutines, r.Heap = float64(in.Goroutines), float64(in.Heap)/mib
	return r
}

// field is a number in /proc/PID/status (proc(5)); sizes are in KiB.
func field(status []byte, name string) float64 {
	_, rest, _ := strings.Cut("\n"+string(status), "\n"+name+":")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseFloat(words[0], 64)
	return n
}

// orphans are the processes that work in a folder, with what they run.
func orphans(t *testing.T, dir string) (found []string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		// What is over by now, or of another user, is none of ours.
		if at, err := os.Readlink(filepath.Join(process, "cwd")); err == nil && at == dir {
			line, _ := os.ReadFile(filepath.Join(process, "cmdline"))
			found = append(found, process+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
