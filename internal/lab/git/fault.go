package git

import (
	"maps"
	"net/http"
	"net/http/httptest"
)

// Fault is what goes wrong instead of the right answer. The first of Status,
// Cut, CutAfter, Empty, Lose, Hang and After that is set happens.
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
	// Empty answers 200 with an empty body, and does nothing.
	Empty bool
	// Lose does what was asked, and then closes the connection instead of
	// saying so.
	Lose bool
	// Hang answers nothing until the client goes away or the fault is healed.
	Hang bool
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

// Fail makes the server err from now on. Faults are tried in the order they
// came.
func (h *HTTP) Fail(f Fault) {
	added := &armed{Fault: f, healed: make(chan struct{}), left: f.Times}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, added)
}

// Heal takes back all faults and lets go of the requests they hang.
func (h *HTTP) Heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.faults {
		close(f.healed)
	}
	h.faults = nil
}

// next is the fault that a request runs into, if any.
func (h *HTTP) next(r Request) *armed {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.faults {
		if (f.Method != "" && f.Method != r.Method) || (f.Service != "" && f.Service != r.Service) {
			continue
		}
		if f.Times > 0 {
			if f.left == 0 {
				continue
			}
			f.left--
		}
		return f
	}
	return nil
}

func (f *armed) serve(w *counter, r *http.Request, backend http.Handler) {
	if f.Before != nil {
		f.Before()
	}
	switch {
	case f.Status != 0:
		for key, values := range f.Header {
			w.Header()[key] = values
		}
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.CutAfter > 0:
		w.limit = f.CutAfter
		backend.ServeHTTP(w, r)
	case f.Empty:
		w.WriteHeader(http.StatusOK)
	case f.Lose:
		backend.ServeHTTP(&discard{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case f.Hang:
		select {
		case <-f.healed:
		case <-r.Context().Done():
		}
	case f.After != nil:
		answer := httptest.NewRecorder()
		backend.ServeHTTP(answer, r)
		f.After()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	default:
		backend.ServeHTTP(w, r)
	}
}

// discard is a response that nobody gets to see.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
