package store

import (
	"context"
	"errors"

	"github.com/acmsync/acmsync/internal/record"
)

func deploymentColumns(d *record.Deployment) []column {
	return []column{
		{"target", &d.Target},
		{"host", &d.Host},
		{"sha256", &d.SHA256},
		{"at", timeAt{&d.At}},
		{"error", &d.Error},
		{"tries", &d.Tries},
		{"next_at", timeAt{&d.Next}},
	}
}

func attachDeployments(ctx context.Context, tx *transaction, keys only, to map[string]*row) error {
	where, args := keys.where("domain_key")
	query := "SELECT domain_key, " + list(deploymentColumns(new(record.Deployment))) + " FROM deployments" + where + " ORDER BY target, host"
	return each(ctx, tx, query, args, func(scan scanner) error {
		var key string
		var d record.Deployment
		err := scan(append([]any{&key}, values(deploymentColumns(&d))...)...)
		if r := to[key]; r != nil {
			r.err = errors.Join(r.err, err)
			r.domain.Deployed = append(r.domain.Deployed, d)
		}
		return nil
	})
}

// saveDeployments replaces the row's acknowledgements: there are as many as
// there are deploy targets, a handful.
func saveDeployments(ctx context.Context, tx *transaction, d record.Domain) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM deployments WHERE domain_key = $1`, d.Key); err != nil {
		return err
	}
	for _, at := range d.Deployed {
		cols := append([]column{{"domain_key", &d.Key}}, deploymentColumns(&at)...)
		if _, err := tx.ExecContext(ctx, insertion("deployments", cols), values(cols)...); err != nil {
			return err
		}
	}
	return nil
}
