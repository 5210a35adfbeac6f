package git

import "sync"

// Request is one thing a server was asked.
type Request struct {
	// Method and Path are those of the HTTP request; over SSH Path is the
	// command.
	Method, Path string
	// Service is git-upload-pack or git-receive-pack.
	Service string
	// Status is the HTTP status that was answered; 0 over SSH.
	Status int
	// Authorized: the credentials were right, or none are needed.
	Authorized bool
	// Sent and Received count the bytes of the bodies.
	Sent, Received int64
}

// journal remembers what a server was asked.
type journal struct {
	mu       sync.Mutex
	requests []Request
}

func (j *journal) add(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// Requests are the requests answered so far, in the order they ended.
func (j *journal) Requests() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Request(nil), j.requests...)
}

// ResetRequests forgets the requests so far.
func (j *journal) ResetRequests() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = nil
}

// Sent is the sum of the bytes of all answers so far.
func (j *journal) Sent() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	var sum int64
	for _, r := range j.requests {
		sum += r.Sent
	}
	return sum
}
