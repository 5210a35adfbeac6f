package diagnose

import (
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// Proof is the record that was seen to prove that the question's app may have
// its name.
func Proof(q record.Question, o record.Observation) (record.RR, bool) {
	if o.Ownership == nil {
		return record.RR{}, false
	}
	for _, t := range o.Ownership.Texts {
		if t.Alias != "" {
			continue
		}
		for _, p := range q.Proofs {
			same := func(value string) bool { return bareText(value) == bareText(p.Value) }
			if sameName(p.Name, t.Name) && slices.ContainsFunc(t.Values, same) {
				return p, true
			}
		}
	}
	return record.RR{}, false
}

// bareText is a value without what people and providers add in copying it:
// blanks, quotes, capitals.
func bareText(value string) string {
	drop := func(r rune) rune {
		if strings.ContainsRune(" \t\"\\", r) {
			return -1
		}
		return r
	}
	return strings.TrimSuffix(strings.ToLower(strings.Map(drop, value)), ";")
}

// ownershipUnproven: everywhere that was looked, and there is no proof.
func ownershipUnproven(f facts) (record.Finding, bool) {
	if f.Ownership == nil || len(f.question.Proofs) == 0 {
		return record.Finding{}, false
	}
	if _, proved := Proof(f.question, f.Observation); proved || !f.textsTell() {
		return record.Finding{}, false
	}
	finding := f.finding(failure.OwnershipUnproven, failure.Values{
		"expected": f.proofText(), "detail": because(f.insteadOfProof()),
	})
	finding.Expected, finding.Observed = f.question.Proofs[:1], f.textsObserved()
	return finding, true
}

// textsTell reports whether every name was answered for. A server that fails
// is told of only where the name itself resolves: else it is told of already.
func (f facts) textsTell() bool {
	return !slices.ContainsFunc(f.Ownership.Texts, func(t record.Texts) bool {
		return t.Answer == record.NoAnswer || unread(t) && len(f.resolved()) == 0
	})
}

func unread(t record.Texts) bool {
	return !slices.Contains([]record.Answer{record.Answered, record.NoData, record.NXDomain}, t.Answer)
}

// proofText says the record to add, and the one that does for the whole domain.
func (f facts) proofText() string {
	proofs := f.question.Proofs
	text := textRecord(proofs[0])
	if last := proofs[len(proofs)-1]; len(proofs) > 1 {
		text += ", or, for all names of " + strings.TrimPrefix(last.Name, record.ProofLabel+".") + " at once, " + textRecord(last)
	}
	if t := f.Ownership.Texts[0]; t.Alias != "" {
		text += "; if the DNS provider refuses that, delete the CNAME record of " + Clean(t.Name, maxName) + " first"
	}
	return text
}

func textRecord(rr record.RR) string { return "TXT " + rr.Name + ` with the value "` + rr.Value + `"` }

// insteadOfProof is what stands there, where that tells what went wrong.
func (f facts) insteadOfProof() string {
	said := ""
	for _, t := range f.Ownership.Texts {
		name := Clean(t.Name, maxName)
		switch {
		case unread(t): // the cause, whatever else stands elsewhere
			return name + " cannot be looked up (" + Clean(or(t.Detail, string(t.Answer)), maxPhrase) + ")"
		case t.Alias != "":
			said = or(said, name+" is an alias for "+Clean(t.Alias, maxName)+", which is not followed")
		}
		for _, value := range t.Values {
			said = or(said, f.otherProof(name, value))
		}
	}
	return said
}

// otherProof is why a proof does not count here; empty: it is none.
func (f facts) otherProof(name, value string) string {
	rest, ok := strings.CutPrefix(bareText(value), "acmsync-app=")
	if !ok {
		return ""
	}
	app, mark, _ := strings.Cut(rest, ";")
	switch {
	case app != strings.ToLower(f.question.App):
		return "the record at " + name + " is for the app " + Clean(app, maxWord)
	case !strings.HasPrefix(mark, "acmsync-proof="):
		return "the record at " + name + " is not whole"
	}
	return "the record at " + name + " is for another domain, for another platform, or from before this platform's account key was replaced"
}

// textsObserved are the TXT records that stand where a proof may, and where
// there is nothing, that.
func (f facts) textsObserved() []record.RR {
	var rrs []record.RR
	for _, t := range f.Ownership.Texts {
		name := Clean(t.Name, maxName)
		if t.Alias != "" {
			rrs = append(rrs, record.RR{Type: "CNAME", Name: name, Value: Clean(t.Alias, maxName)})
		}
		for _, value := range t.Values {
			rrs = append(rrs, record.RR{Type: "TXT", Name: name, Value: Clean(value, maxDetail)})
		}
		if unread(t) {
			rrs = append(rrs, record.RR{Type: "TXT", Name: name, Value: "(" + Clean(string(t.Answer), maxWord) + ")"})
		}
	}
	if len(rrs) == 0 {
		rrs = append(rrs, record.RR{Type: "TXT", Name: Clean(f.Ownership.Texts[0].Name, maxName), Value: "(none)"})
	}
	return rrs
}

// ownership: a record is added beside those that are there. Where an alias is,
// that goes first; unless it comes of a wildcard, which the provider shows.
func (c *change) ownership(finding record.Finding) {
	at := c.Ownership.Texts[0]
	c.zone, c.provider = Clean(at.Zone, maxName), recognise(at.NameServers)
	c.set = finding.Expected
}
