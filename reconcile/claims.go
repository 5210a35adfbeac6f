package reconcile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// claim is one app's wish for one name.
type claim struct {
	app    DesiredApp
	domain spec.Domain
	order  int // place in the app's list
}

// denial is a claim that was not granted.
type denial struct {
	app, name, holder string
	// standing: the holder does not ask for it in any file that can be read.
	standing bool
	// kept: the holder does not ask for it any more, and whether that is meant
	// waits for an operator's approval.
	kept bool
}

// ordered puts apps in an order of their own and leaves one of each name. An
// app that stands both in a refused file (as last accepted) and in a good one
// is as the refused file had it: it may be half moved.
func ordered(apps []DesiredApp) []DesiredApp {
	apps = slices.Clone(apps)
	slices.SortStableFunc(apps, func(x, y DesiredApp) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), refusedFirst(x)-refusedFirst(y),
			cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line))
	})
	return slices.CompactFunc(apps, func(x, y DesiredApp) bool { return x.Name == y.Name })
}

func refusedFirst(a DesiredApp) int {
	if a.Refused != nil {
		return 0
	}
	return 1
}

// grant settles who gets which name. The holder keeps its name for as long as
// it asks for it; a name nobody holds, or whose holder left, goes to the one
// app that asks for it, and to none if several do. While a file is refused, its
// holder may be asking in that one; and a removal that is held is none yet.
func grant(apps []DesiredApp, rows map[string]record.Domain, known Known) (granted map[string]claim, denied []denial) {
	claims := claimsByName(apps)
	granted = make(map[string]claim, len(claims))
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		asking, row := claims[name], rows[name]
		winner := slices.IndexFunc(asking, func(c claim) bool { return c.app.Name == row.App })
		alone := winner < 0 && len(asking) == 1 && asking[0].app.Refused == nil
		switch {
		case alone && row.Held && row.App != "" && !known.Approved[row.HoldHash]:
			denied = append(denied, denial{app: asking[0].app.Name, name: name, holder: row.App, kept: true})
			continue
		case alone && known.Refused && held(row):
			denied = append(denied, denial{app: asking[0].app.Name, name: name, holder: row.App, standing: true})
			continue
		case alone:
			winner = 0
		}
		if winner >= 0 {
			granted[name] = asking[winner]
		}
		denied = append(denied, denials(asking, winner, name)...)
	}
	return granted, denied
}

// held: an app has the name, and did not leave it by a push that was accepted.
func held(row record.Domain) bool { return row.App != "" && row.Mode != record.Removed }

// claimsByName keeps the apps' order within each name.
func claimsByName(apps []DesiredApp) map[string][]claim {
	claims := map[string][]claim{}
	for _, a := range apps {
		for i, d := range a.Domains {
			claims[d.Name] = append(claims[d.Name], claim{a, d, i})
		}
	}
	return claims
}

// denials names for each loser the app that stands in its way. Nothing changes
// for an app whose file is refused, so nothing is denied to it anew.
func denials(asking []claim, winner int, name string) []denial {
	var lost []denial
	for i, c := range asking {
		if i == winner || c.app.Refused != nil {
			continue
		}
		rival := max(winner, 0)
		if winner < 0 && i == 0 {
			rival = 1
		}
		lost = append(lost, denial{app: c.app.Name, name: name, holder: asking[rival].app.Name})
	}
	return lost
}

func (d denial) finding() record.Finding {
	message, remedy := failure.Of(failure.ClaimedByAnotherApp).Fill(failure.Values{
		"name": d.name, "app": d.app, "holder": d.holder,
	})
	if d.standing {
		message = d.name + " is held by " + d.holder + ", and a file of desired state is refused that may ask for it."
		remedy = "Mend the refused file, which errors.yaml on the status branch names. Once all files are accepted, " + d.name + " goes to the one app that asks for it."
	}
	if d.kept {
		message = d.name + " is held by " + d.holder + ", whose removal waits for an operator's approval."
		remedy = "If " + d.holder + " is to lose " + d.name + ", ask the operator to approve it (acmsync approve lists what is held); then it goes to the one app that asks for it. Else put it back into " + d.holder + "."
	}
	return record.Finding{Code: failure.ClaimedByAnotherApp, Message: message, Remedy: remedy}
}

// beyondLimit returns the names of one app that its limit does not cover. Names
// that hold a certificate come first, then the order of the file, so that an
// addition never pushes out what is there.
func (p Policy) beyondLimit(claims []claim, rows map[string]record.Domain) map[string]bool {
	if p.MaxDomainsPerApp <= 0 || len(claims) <= p.MaxDomainsPerApp {
		return nil
	}
	newcomer := func(c claim) int {
		if rows[c.domain.Name].Certificate != nil {
			return 0
		}
		return 1
	}
	claims = slices.Clone(claims)
	slices.SortStableFunc(claims, func(x, y claim) int {
		return cmp.Or(newcomer(x)-newcomer(y), cmp.Compare(x.order, y.order))
	})
	beyond := map[string]bool{}
	for _, c := range claims[p.MaxDomainsPerApp:] {
		beyond[c.domain.Name] = true
	}
	return beyond
}
