package git

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Connect is the Service of faults that strike before a service was asked for:
// the handshake of an SSH connection.
const Connect = "connect"

// Fault is what goes wrong instead of the right answer. The first of Status,
// Cut, Empty, Lose, Hang, Flood and After that is set happens; CutAfter, Flip
// and Drip bend an answer that is given. Over SSH there are Cut, CutAfter, Flip,
// Drip, Hang and Flood.
type Fault struct {
	// Method and Service narrow the requests it applies to; empty: any.
	Method, Service string
	// Times is how many requests it applies to; 0: all, until Heal.
	Times int

	// Status answers this status with Header and Body.
	Status int
	Header http.Header
	Body   string
	// Cut closes the connection without an answer.
	Cut bool
	// CutAfter answers so many bytes and then closes the connection.
	CutAfter int64
	// Flip changes one bit of the answer's byte of this number, counted from 1.
	Flip int64
	// Drip sends the answer one byte at a time, this far apart.
	Drip time.Duration
	// Empty answers 200 with an empty body, and does nothing.
	Empty bool
	// Lose does what was asked, and then closes the connection instead of
	// saying so.
	Lose bool
	// Hang answers nothing until the client goes away or the fault is healed.
	Hang bool
	// Flood answers Header and Body, and then this again and again until the
	// client goes away or the fault is healed.
	Flood string
	// Before runs first; with nothing else set the right answer follows.
	Before func()
	// After does what was asked, then runs, and only then sends the right answer.
	After func()
}

// armed is a fault in force.
type armed struct {
	Fault
	healed chan struct{}
	left   int
}

// faults are the faults of one server.
type faults struct {
	mu    sync.Mutex
	armed []*armed
}

// Fail makes the server err from now on. Faults are tried in the order they
// came.
func (f *faults) Fail(fault Fault) {
	added := &armed{Fault: fault, healed: make(chan struct{}), left: fault.Times}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = append(f.armed, added)
}

// Heal takes back all faults and lets go of the requests they hang.
func (f *faults) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.armed {
		close(a.healed)
	}
	f.armed = nil
}

// next is the fault that a request runs into, if any.
func (f *faults) next(r Request) *armed {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.armed {
		if (a.Method != "" && a.Method != r.Method) || (a.Service != "" && a.Service != r.Service) {
			continue
		}
		if a.Times > 0 {
			if a.left == 0 {
				continue
			}
			a.left--
		}
		return a
	}
	return nil
}

// cut ends an answer in the middle, in the one way that net/http offers.
func cut() { panic(http.ErrAbortHandler) }

func (a *armed) serve(w *counter, r *http.Request, backend http.Handler) {
	if a.Before != nil {
		a.Before()
	}
	switch {
	case a.Status != 0:
		maps.Copy(w.Header(), a.Header)
		w.WriteHeader(a.Status)
		_, _ = w.Write([]byte(a.Body))
	case a.Cut:
		cut()
	case a.Empty:
		w.WriteHeader(http.StatusOK)
	case a.Lose:
		backend.ServeHTTP(&discard{header: http.Header{}}, r)
		cut()
	case a.Hang:
		a.wait(r.Context().Done())
	case a.Flood != "":
		maps.Copy(w.Header(), a.Header)
		a.flood(w, r.Context().Done())
	case a.After != nil:
		answer := httptest.NewRecorder()
		backend.ServeHTTP(answer, r)
		a.After()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	default:
		w.bent = &bent{w: w.ResponseWriter, fault: a, flush: w.Flush, cut: cut, gone: r.Context().Done()}
		backend.ServeHTTP(w, r)
	}
}

// discard is a response that nobody gets to see.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
