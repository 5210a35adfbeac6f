package dns

import (
	"slices"
	"time"

	mdns "github.com/miekg/dns"
)

func (a *Authority) handle(w mdns.ResponseWriter, request *mdns.Msg) {
	a.mu.Lock()
	silent := a.silent
	a.mu.Unlock()
	if silent {
		return
	}
	reply := new(mdns.Msg).SetReply(request)
	switch {
	case request.Opcode == mdns.OpcodeUpdate:
		reply.Rcode = a.update(w, request)
	case len(request.Question) == 1:
		a.answer(reply, request.Question[0])
	default:
		reply.Rcode = mdns.RcodeFormatError
	}
	if sig := request.IsTsig(); sig != nil {
		reply.SetTsig(sig.Hdr.Name, sig.Algorithm, 300, time.Now().Unix())
		if w.TsigStatus() != nil {
			reply.IsTsig().Error = mdns.RcodeBadKey
		}
	}
	_ = w.WriteMsg(reply) // the client may be gone; its business
}

func (a *Authority) answer(reply *mdns.Msg, q mdns.Question) {
	name := mdns.CanonicalName(q.Name)
	if !mdns.IsSubDomain(a.zone, name) {
		reply.Rcode = mdns.RcodeRefused
		return
	}
	reply.Authoritative = true
	values := a.TXT(name)
	if len(values) == 0 {
		reply.Rcode = mdns.RcodeNameError
	}
	if q.Qtype != mdns.TypeTXT {
		return
	}
	for _, value := range values {
		reply.Answer = append(reply.Answer, &mdns.TXT{
			Hdr: mdns.RR_Header{Name: q.Name, Rrtype: mdns.TypeTXT, Class: mdns.ClassINET}, Txt: []string{value},
		})
	}
}

// update does a dynamic update (RFC 2136, section 3) of TXT records.
func (a *Authority) update(w mdns.ResponseWriter, request *mdns.Msg) int {
	switch {
	case request.IsTsig() == nil:
		return mdns.RcodeRefused
	case w.TsigStatus() != nil:
		return mdns.RcodeNotAuth
	case len(request.Question) != 1 || mdns.CanonicalName(request.Question[0].Name) != a.zone:
		return mdns.RcodeNotAuth
	}
	a.mu.Lock()
	refuse := a.refuse
	if refuse == 0 {
		a.updates++
	}
	a.mu.Unlock()
	if refuse != 0 {
		return refuse
	}
	for _, rr := range request.Ns {
		if !mdns.IsSubDomain(a.zone, rr.Header().Name) {
			return mdns.RcodeNotZone
		}
		a.change(rr)
	}
	return mdns.RcodeSuccess
}

// change takes one record of an update section: class IN adds it, NONE deletes
// it, ANY deletes the whole set (RFC 2136, section 2.5).
func (a *Authority) change(rr mdns.RR) {
	a.mu.Lock()
	if a.lagging {
		a.held = append(a.held, func() { a.change(rr) })
		a.mu.Unlock()
		return
	}
	owner := mdns.CanonicalName(rr.Header().Name)
	txt, _ := rr.(*mdns.TXT)
	switch {
	case rr.Header().Class == mdns.ClassANY:
		a.txt[owner] = nil
	case txt == nil || len(txt.Txt) != 1:
	case rr.Header().Class == mdns.ClassNONE:
		a.txt[owner] = slices.DeleteFunc(a.txt[owner], func(v string) bool { return v == txt.Txt[0] })
	case !slices.Contains(a.txt[owner], txt.Txt[0]):
		a.txt[owner] = append(a.txt[owner], txt.Txt[0])
	}
	values, feeds, changed := slices.Clone(a.txt[owner]), a.feeds, a.changed
	a.mu.Unlock()
	for _, other := range feeds {
		other.change(rr)
	}
	if changed != nil {
		changed(owner, values)
	}
}
