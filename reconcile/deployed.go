package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// maxDetail bounds text of others that is committed to a status file.
const maxDetail = 300

// settleDeploy takes a target's answer. A target that did not take the new pair
// still has the one before.
func settleDeploy(d *record.Domain, r Result, now time.Time) {
	next := answerOf(*d, r)
	switch {
	case next.Error != "":
		handled(d) // or what the owner asked for would end every backoff
		next.Tries++
		next.Error = diagnose.Clean(next.Error, maxDetail)
		next.Next = now.Add(wait(deployments, next.Tries, d.Key+" "+next.Target))
	case !r.WaitUntil.IsZero():
		next.Next = r.WaitUntil
	default:
		next.Tries, next.Next, next.At = 0, time.Time{}, now
		if d.Certificate != nil && r.Deployment == nil {
			next.SHA256 = d.Certificate.SHA256
		}
		d.Checks.Served = "" // the edge has something new to serve
	}
	d.Deployed = slices.DeleteFunc(d.Deployed, func(a record.Deployment) bool {
		return a.Target == next.Target && a.Host == next.Host
	})
	d.Deployed = append(d.Deployed, next)
	slices.SortFunc(d.Deployed, func(x, y record.Deployment) int {
		return cmp.Or(cmp.Compare(x.Target, y.Target), cmp.Compare(x.Host, y.Host))
	})
}

// answerOf is the row's entry for the target, with the answer's words in it.
func answerOf(d record.Domain, r Result) record.Deployment {
	next := record.Deployment{Target: r.Action.Target}
	if r.Deployment != nil {
		next.Host = r.Deployment.Host
	}
	for _, a := range d.Deployed {
		if a.Target == next.Target && a.Host == next.Host {
			next = a
		}
	}
	next.Error = r.Err
	if r.Deployment != nil {
		next.Error = cmp.Or(r.Deployment.Error, r.Err)
		next.SHA256 = cmp.Or(r.Deployment.SHA256, next.SHA256)
	}
	return next
}

// withDeployFindings replaces what is said of targets by how they are now.
func withDeployFindings(d record.Domain) []record.Finding {
	others := slices.DeleteFunc(slices.Clone(d.Findings), func(f record.Finding) bool {
		return f.Code == failure.DeployFailed
	})
	for _, a := range d.Deployed {
		if a.Error != "" {
			others = append(others, deployFinding(d, a))
		}
	}
	return others
}

func deployFinding(d record.Domain, a record.Deployment) record.Finding {
	message, remedy := failure.Of(failure.DeployFailed).Fill(failure.Values{
		"name": d.Name(), "target": a.Target, "detail": clause(a.Error), "remedy": "",
	})
	return record.Finding{Code: failure.DeployFailed, Message: message, Remedy: remedy}
}

// heldFinding is why a domain that is no longer wanted still has everything.
func heldFinding(w record.Want) record.Finding {
	message, remedy := failure.Of(failure.RemovalHeld).Fill(failure.Values{
		"name": w.Name(), "detail": w.HoldWhy, "hash": w.HoldHash,
	})
	return record.Finding{Code: failure.RemovalHeld, Message: message, Remedy: remedy}
}
