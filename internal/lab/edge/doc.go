// Package edge is a platform's TLS edge for tests and the demo: what stands
// where nginx or HAProxy would, on loopback.
//
//	e, err := edge.New(edge.Options{Dir: deployed, Thumbprint: thumbprint})
//	defer e.Close()
//	e.Behave("blog.shop.example", edge.Behaviour{Redirect: "http://www.shop.example:{httpPort}/"})
//
// Over HTTP it answers every http-01 challenge from the account's thumbprint
// alone ("stateless"), from a webroot, or by passing it on to a listener. Over
// TLS it serves, per handshake, the pair that lies in the deploy folder for the
// name asked for, so that what a client sees is what was deployed last.
//
// One edge may listen at several loopback addresses with the same two ports,
// and a second edge may be given the first one's ports at another address: that
// is how a name "points elsewhere" in a lab, where there is one probe port.
// Per host it can be told to misbehave, see [Behaviour]. Everything asked is
// kept, see [Edge.Requests].
package edge
