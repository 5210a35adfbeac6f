package record

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"
)

// ProofLabel stands before the domain that a proof of ownership is for. It is
// underscored (RFC 8552), so that no host, and no name that people may choose at
// a host of sites, is called so.
const ProofLabel = "_acmsync"

// Proofs are the TXT records of which any one says that whoever controls the DNS
// of name wants app to have it: at the name, and at each parent down to its
// registered domain, where one record serves all names below. The narrowest is
// first. None: the platform asks for none, or its account is not known.
func (p Platform) Proofs(name, registered, app string) []RR {
	if !p.VerifyOwnership || p.Thumbprint == "" || app == "" {
		return nil
	}
	at := strings.TrimPrefix(name, "*.")
	proofs := []RR{p.proof(at, app)}
	for strings.HasSuffix(at, "."+registered) {
		_, at, _ = strings.Cut(at, ".")
		proofs = append(proofs, p.proof(at, app))
	}
	return proofs
}

func (p Platform) proof(domain, app string) RR {
	return RR{Type: "TXT", Name: ProofLabel + "." + domain, Value: "acmsync-app=" + app + "; acmsync-proof=" + p.mark(domain, app)}
}

// mark binds a record to platform, app and domain, so that one copied from
// elsewhere proves nothing. It is no secret: who controls the DNS is proved by
// its standing there. 160 bits keep the record within one character-string.
func (p Platform) mark(domain, app string) string {
	sum := sha256.Sum256([]byte("acmsync ownership 1\n" + p.Thumbprint + "\n" + app + "\n" + domain))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20]))
}

// Ownership is what was seen of the TXT records that could prove whose a name
// is, in the order of [Question].Proofs.
type Ownership struct{ Texts []Texts }

// Texts are the TXT records of one name.
type Texts struct {
	Name   string
	Answer Answer
	Detail string
	// Values are one for each record, its character-strings joined.
	Values []string
	// Alias is where the name is an alias for; what stands there is not looked at.
	Alias string
	// Zone is the zone that the name lies in and NameServers are its servers, by
	// name; empty if they were not asked.
	Zone        string
	NameServers []string
}

// Proven is the app that a row's name was proved for. Once seen, it holds for as
// long as that app has the name, whatever becomes of the record or of our key.
type Proven struct {
	App string
	// At is when it was seen, Record where. Without them the app had a
	// certificate for the name when proof was not asked for.
	At     time.Time `json:",omitzero"`
	Record string    `json:",omitempty"`
}
