package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// TestWorkIsFoundByIndex: a pass costs what is due, not what exists.
func TestWorkIsFoundByIndex(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := Admission{Now: time.Unix(1, 0)}
	for i := range 1000 {
		key := fmt.Sprintf("d%04d.example", i)
		a.Wants = append(a.Wants, record.Want{Key: key, Names: []string{key}})
	}
	if err := s.Admit(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ query, index string }{
		"due":     {dueQuery, "SEARCH domains USING COVERING INDEX domains_due (due_at<?)"},
		"claim":   {claimQuery, "SEARCH domains USING INDEX domains_due (due_at<?)"},
		"holders": {holdersQuery, "SEARCH domains USING INDEX domains_due (due_at<?)"},
		"next":    {nextQuery, "USING INDEX domains_due"},
		"ahead":   {dueAfterQuery, "SEARCH domains USING COVERING INDEX domains_due (due_at>?)"},
		"limited": {limitedQuery, "USING COVERING INDEX domains_limited"},
		"counts":  {countsQuery, "SCAN domains USING COVERING INDEX domains_counts"},
	} {
		plan := explain(t, s, test.query)
		if !strings.Contains(plan, test.index) || strings.Contains(plan, "SCAN domains\n") {
			t.Errorf("%s: the plan is\n%swant %s", name, plan, test.index)
		}
	}
}

func explain(t *testing.T, s *Store, query string) string {
	t.Helper()
	args := []any{int64(1), int64(2), int64(3), int64(4)}[:strings.Count(query, "$")]
	var plan strings.Builder
	err := each(t.Context(), s.write, "EXPLAIN QUERY PLAN "+query, args, func(scan scanner) error {
		var id, parent, unused int
		var detail string
		err := scan(&id, &parent, &unused, &detail)
		plan.WriteString(detail + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
