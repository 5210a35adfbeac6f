package status

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Cert is one row of the inventory.
type Cert struct {
	Names  []string  `json:"names"`
	App    string    `json:"app"`
	Issuer string    `json:"issuer"`
	Serial string    `json:"serial"`
	Expiry time.Time `json:"expiry"`
	// Trusted: its chain leads to a root that this machine trusts.
	Trusted bool `json:"trusted"`
	// Type is ACM for certificates acmsync got, Manual for those brought along.
	Type string `json:"type"`
}

// Inventory lists the certificates of apps. trusted judges by the fingerprint,
// as only who has the chain can.
func Inventory(apps []AppStatus, trusted func(sha256 string) bool) []Cert {
	out := []Cert{}
	for _, a := range apps {
		for _, d := range a.Domains {
			if c := d.Certificate; c != nil {
				out = append(out, Cert{c.Names, a.App, c.Issuer, c.Serial, c.NotAfter, trusted(c.SHA256), certType(d)})
			}
		}
	}
	slices.SortFunc(out, func(x, y Cert) int {
		return cmp.Or(x.Expiry.Compare(y.Expiry), slices.Compare(x.Names, y.Names))
	})
	return out
}

func certType(d DomainStatus) string {
	if d.Certificate.RenewAt.IsZero() { // nobody renews it but its owner
		return "Manual"
	}
	return "ACM"
}

// Certs prints the inventory, the first to expire first; now and width as for
// [Table].
func Certs(w io.Writer, certs []Cert, now time.Time, color bool, width int) error {
	var b strings.Builder
	switch {
	case len(certs) == 0:
		b.WriteString("No certificates.\n")
	case width <= 0:
		for _, c := range certs {
			fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", strings.Join(c.Names, ","), c.App, c.Issuer, date(c.Expiry), c.trust(), c.Type)
		}
	default:
		t := newTable("Names", "App", "Issuer", "Expires", "Left", "Trusted", "Type")
		for _, c := range certs {
			trust := c.trust()
			if !c.Trusted {
				trust = paint(color, "33", trust)
			}
			t.AppendRow(table.Row{strings.Join(c.Names, "\n"), c.App, c.Issuer, date(c.Expiry), c.left(now, color), trust, c.Type})
		}
		b.WriteString(t.Render() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// left is how long it is still good, red in the last week.
func (c Cert) left(now time.Time, color bool) string {
	left := c.Expiry.Sub(now)
	switch {
	case left <= 0:
		return paint(color, "31", "expired")
	case left < 7*24*time.Hour:
		return paint(color, "31", age(left))
	}
	return age(left)
}

func (c Cert) trust() string {
	if c.Trusted {
		return "yes"
	}
	return "no"
}
