package dns

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Server is a running name server. All methods are safe for concurrent use.
type Server struct {
	addr    string
	servers []*mdns.Server
	served  sync.WaitGroup

	mu     sync.RWMutex
	zone   zone
	faults map[question]Fault
	count  counter
}

// question is what faults and counts go by; qtype 0 stands for every type.
type question struct {
	name  string
	qtype uint16
}

// bindTries bounds the search for a port that is free for UDP and TCP alike.
const bindTries = 20

// New starts a server on a free loopback port that knows only the root.
func New() (*Server, error) {
	packets, listener, err := listen()
	if err != nil {
		return nil, fmt.Errorf("starting a name server: %w", err)
	}
	s := &Server{
		addr:   packets.LocalAddr().String(),
		zone:   newZone(),
		faults: map[question]Fault{},
		count:  counter{asked: map[question]int{}},
	}
	s.Set(".", "NS a.root-servers.test.", "SOA a.root-servers.test. hostmaster.root-servers.test. 1 3600 900 604800 0")
	handler := mdns.HandlerFunc(s.handle)
	s.start(&mdns.Server{PacketConn: packets, Handler: handler})
	s.start(&mdns.Server{Listener: listener, Handler: handler})
	return s, nil
}

func listen() (net.PacketConn, net.Listener, error) {
	var errs []error
	for range bindTries {
		packets, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		listener, err := net.Listen("tcp4", packets.LocalAddr().String())
		if err == nil {
			return packets, listener, nil
		}
		errs = append(errs, err, packets.Close())
	}
	return nil, nil, errors.Join(errs...)
}

func (s *Server) start(server *mdns.Server) {
	ready := make(chan struct{})
	server.NotifyStartedFunc = sync.OnceFunc(func() { close(ready) })
	// The library's default of two seconds would make Close wait for idle TCP
	// connections.
	server.IdleTimeout = func() time.Duration { return 500 * time.Millisecond }
	s.servers = append(s.servers, server)
	s.served.Go(func() {
		_ = server.ActivateAndServe() // ends by Shutdown; nobody could act on more
	})
	<-ready
}

// Addr is the server's "127.0.0.1:port", the same for UDP and TCP.
func (s *Server) Addr() string { return s.addr }

// Close stops the server and waits until its goroutines have ended.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown())
	}
	s.served.Wait()
	return errors.Join(errs...)
}

// handle answers one message.
func (s *Server) handle(w mdns.ResponseWriter, request *mdns.Msg) {
	if len(request.Question) != 1 {
		reply := new(mdns.Msg).SetRcode(request, mdns.RcodeFormatError)
		_ = w.WriteMsg(reply) // the client is gone; its business
		return
	}
	reply := s.answer(request)
	if reply == nil {
		return
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		reply.Truncate(udpSize(request))
	}
	_ = w.WriteMsg(reply) // as above
}

// udpSize is how much the client takes over UDP (RFC 6891, section 6.2.3).
func udpSize(request *mdns.Msg) int {
	if opt := request.IsEdns0(); opt != nil {
		return max(int(opt.UDPSize()), mdns.MinMsgSize)
	}
	return mdns.MinMsgSize
}
