package dns

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Server is a running name server. All methods are safe for concurrent use.
type Server struct {
	addr    string
	zones   []string // of an authority; nil: a resolver
	servers []*mdns.Server
	served  sync.WaitGroup

	mu     sync.RWMutex
	zone   zone
	faults map[question]Fault
	signed map[string]bool
	after  map[question]func()
	count  counter
}

// Options say what kind of server starts where. The zero value is a resolver
// on a free port of 127.0.0.1.
type Options struct {
	// Address is the IPv4 address to listen on; Port 0 is any free port. All
	// name servers of a lab share one port, each at its own 127.0.0.x.
	Address string
	Port    int
	// Zones makes it a name server with authority for them: it answers for no
	// other name (REFUSED), does not follow aliases out of them, and refers to
	// the name servers of what they delegate (an NS record below a zone's top).
	Zones []string
}

// question is what faults and counts go by; qtype 0 stands for every type.
type question struct {
	name  string
	qtype uint16
}

// bindTries bounds the search for a port that is free for UDP and TCP alike.
const bindTries = 20

// New starts a resolver on a free loopback port that knows only the root.
func New() (*Server, error) { return Start(Options{}) }

// Start starts the server that o describes; it knows only the root.
func Start(o Options) (*Server, error) {
	packets, listener, err := listen(o)
	if err != nil {
		return nil, fmt.Errorf("starting a name server: %w", err)
	}
	s := &Server{
		addr:   packets.LocalAddr().String(),
		signed: map[string]bool{},
		after:  map[question]func(){},
		zone:   newZone(),
		faults: map[question]Fault{},
		count:  counter{asked: map[question]int{}},
	}
	for _, zone := range o.Zones {
		s.zones = append(s.zones, mdns.CanonicalName(zone))
	}
	s.Set(".", "NS a.root-servers.test.", "SOA a.root-servers.test. hostmaster.root-servers.test. 1 3600 900 604800 0")
	handler := mdns.HandlerFunc(s.handle)
	s.start(&mdns.Server{PacketConn: packets, Handler: handler})
	s.start(&mdns.Server{Listener: listener, Handler: handler})
	return s, nil
}

func listen(o Options) (net.PacketConn, net.Listener, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	at := net.JoinHostPort(o.Address, strconv.Itoa(o.Port))
	var errs []error
	for range bindTries {
		packets, err := net.ListenPacket("udp4", at)
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

// Port is the port of Addr.
func (s *Server) Port() int {
	_, text, _ := net.SplitHostPort(s.addr)
	port, _ := strconv.Atoi(text) // our own listener's
	return port
}

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
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	if message := s.raw(request, udp); message != nil {
		_, _ = w.Write(message) // as above
		return
	}
	reply := s.answer(request, udp)
	time.Sleep(s.delay(request))
	if reply == nil {
		return
	}
	s.turn(request.Question[0])
	reply.Compress = true // so that as much fits as can
	if udp {
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
