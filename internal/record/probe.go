package record

import "net/netip"

// Probe is the fetch of a challenge-shaped path, as the CA would do it. Of
// several addresses it is the one that a CA may meet and would be refused at, or
// else the first that it would go to; all are in Each.
type Probe struct {
	// Result says how far it came.
	Result ProbeResult
	// Address is where the first connection went.
	Address netip.Addr
	// Hops are the requests that got an answer, the first one first; the last
	// has a Location only if that redirect was not, or could not be, followed.
	Hops []Hop
	// Status is the last answer's HTTP status; 0: none.
	Status int
	// Body says what the last answer was: match, thumbprint (another account's
	// answer), html, or other. Nothing of the body itself is kept.
	Body ProbeBody
	// Thumbprint is the other account's, where Body says that one answered.
	Thumbprint string
	// Parked: the body is a page of those who park or sell names.
	Parked bool
	// Layer is who answered, as far as headers tell, by a name of ours: a CDN,
	// a load balancer, a host of web sites; empty: not known.
	Layer string
	// Server, Via and Ray are headers that name the layer that answered, cut
	// to 64 printable characters.
	Server, Via, Ray string
	Detail           string
	// Unconnected: a connection could not be made at all, the one case in which
	// a CA goes on to IPv4.
	Unconnected bool
	// Refusal is why a CA does not follow the redirect that Result is about.
	Refusal RedirectRefusal

	// Each is how every address answers when it alone is asked, IPv6 first;
	// empty: none was. Its elements have no Each.
	Each []Probe
	// Unasked counts addresses beyond those that are asked.
	Unasked int
}

// ProbeResult is how a probe ended.
type ProbeResult string

const (
	ProbeAnswered    ProbeResult = "answered"
	ProbeRefused     ProbeResult = "refused"    // connection refused or reset
	ProbeTimeout     ProbeResult = "timeout"    // no answer in time
	ProbeTLS         ProbeResult = "tls"        // handshake failed after a redirect
	ProbeForbidden   ProbeResult = "forbidden"  // the guarded dialer refused the address
	ProbeBadRedirect ProbeResult = "redirect"   // loop, too many, another port or scheme
	ProbeNoAddress   ProbeResult = "no-address" // nothing to dial
	ProbeNotAsked    ProbeResult = "could-not-ask"
)

// ProbeBody classifies the last answer's body.
type ProbeBody string

const (
	BodyMatch      ProbeBody = "match"
	BodyThumbprint ProbeBody = "thumbprint"
	BodyHTML       ProbeBody = "html"
	BodyOther      ProbeBody = "other"
)

// RedirectRefusal is why a redirect was not followed.
type RedirectRefusal string

const (
	RedirectStatus RedirectRefusal = "status"  // 303
	RedirectURL    RedirectRefusal = "url"     // the Location is not a URL
	RedirectScheme RedirectRefusal = "scheme"  // neither http nor https
	RedirectPort   RedirectRefusal = "port"    // neither of the two
	RedirectHost   RedirectRefusal = "host"    // no public host name
	RedirectSlash  RedirectRefusal = "slash"   // the path was glued to the host
	RedirectLong   RedirectRefusal = "long"    // a path of more than 2,000 bytes
	RedirectLoop   RedirectRefusal = "loop"    // leads back
	RedirectMany   RedirectRefusal = "many"    // more than ten
	RedirectUser   RedirectRefusal = "account" // carries a user name, which we do not send
)

// Hop is one request of a probe.
type Hop struct {
	URL      string
	Status   int
	Location string
	// KeepsPath: the next URL still ends in the challenge's path. KeepsToken:
	// it holds the challenge's token somewhere, so that whoever answers there
	// can know it.
	KeepsPath, KeepsToken bool
}

// Matches reports our own account's answer.
func (p Probe) Matches() bool { return p.Result == ProbeAnswered && p.Body == BodyMatch }

// Met are the results that a CA may meet: those of any IPv6 address, because it
// takes the first that DNS gives it, and those of IPv4 where there is no IPv6 or
// where an IPv6 address cannot be connected to (Boulder, va/http.go:
// newHTTPValidationTarget, fallbackErr).
func (p Probe) Met() []Probe {
	six, four := p.families()
	if len(six) == 0 && len(four) == 0 {
		return []Probe{p}
	}
	if len(six) == 0 {
		return four
	}
	if len(four) == 0 {
		return six
	}
	var met []Probe
	fallback := false
	for _, each := range six {
		if each.Unconnected {
			fallback = true
		} else {
			met = append(met, each)
		}
	}
	if fallback {
		met = append(met, four...)
	}
	return met
}

func (p Probe) families() (six, four []Probe) {
	for _, each := range p.Each {
		if each.Address.Is4() {
			four = append(four, each)
		} else {
			six = append(six, each)
		}
	}
	return six, four
}
