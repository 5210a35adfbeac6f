package git

import (
	"io"
	"time"
)

// bent is an answer on its way through a fault.
type bent struct {
	w     io.Writer
	fault *armed
	flush func()          // sends what was written; nil: needless
	cut   func()          // closes the connection
	gone  <-chan struct{} // closed when the client is
	sent  int64
}

// Write sends p, or what the fault makes of it.
func (b *bent) Write(p []byte) (int, error) {
	whole := len(p)
	if at := b.fault.Flip - 1 - b.sent; b.fault.Flip > 0 && at >= 0 && at < int64(len(p)) {
		p = append([]byte(nil), p...)
		p[at] ^= 1
	}
	over := b.fault.CutAfter > 0 && b.sent+int64(len(p)) > b.fault.CutAfter
	if over {
		p = p[:b.fault.CutAfter-b.sent]
	}
	if err := b.send(p); err != nil {
		return 0, err
	}
	if over {
		b.cut()
		return 0, io.ErrClosedPipe
	}
	return whole, nil
}

func (b *bent) send(p []byte) error {
	step := len(p)
	if b.fault.Drip > 0 {
		step = 1
	}
	for len(p) > 0 {
		n, err := b.w.Write(p[:step])
		b.sent += int64(n)
		if b.flush != nil {
			b.flush()
		}
		if err != nil {
			return err
		}
		p = p[step:]
		if b.fault.Drip > 0 && !b.fault.pause(b.fault.Drip, b.gone) {
			return io.ErrClosedPipe
		}
	}
	return nil
}

// wait returns when the fault is healed, or the client gone.
func (a *armed) wait(gone <-chan struct{}) {
	select {
	case <-a.healed:
	case <-gone:
	}
}

// pause waits; false: the client is gone.
func (a *armed) pause(d time.Duration, gone <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.healed:
	case <-gone:
		return false
	}
	return true
}

// flood writes without end.
func (a *armed) flood(w io.Writer, gone <-chan struct{}) {
	_, err := io.WriteString(w, a.Body)
	for err == nil {
		select {
		case <-a.healed:
			return
		case <-gone:
			return
		default:
			_, err = io.WriteString(w, a.Flood)
		}
	}
}
