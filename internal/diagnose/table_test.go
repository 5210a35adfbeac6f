package diagnose

import (
	"slices"
	"testing"

	"github.com/acmsync/acmsync/internal/failure"
)

// exclusive are neighbours of the table that never both find something, so that
// their order cannot matter.
var exclusive = map[[2]failure.Code]string{
	{failure.RedirectDropsPath, failure.CDNChallengeMissing}: "what a URL without the path answers says nothing of the challenge",
	{failure.CDNChallengeMissing, failure.CDNStrictTLS}:      "an answer is either 525, 526 or something else",
	{failure.CAAUnsupported, failure.CAAForbids}:             "a query either fails or has an answer",
}

// outcome is what a table makes of all cases.
func outcome(checks []check) []string {
	var all []string
	for _, c := range explainCases() {
		all = append(all, codes(explain(checks, gather(platform(), c.question(), c.seen, c.problem))))
	}
	return all
}

func TestOrderOfTheTableMatters(t *testing.T) {
	t.Parallel()
	straight := outcome(table())
	for i := range len(table()) - 1 {
		swapped := table()
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		pair := [2]failure.Code{table()[i].code, table()[i+1].code}
		same := slices.Equal(straight, outcome(swapped))
		_, excluded := exclusive[pair]
		if same && !excluded {
			t.Errorf("no case notices that %v are swapped", pair)
		}
		if !same && excluded {
			t.Errorf("%v are called exclusive and are not", pair)
		}
	}
}

func TestEveryRowOfTheTableMatters(t *testing.T) {
	t.Parallel()
	straight := outcome(table())
	for i, row := range table() {
		if slices.Equal(straight, outcome(slices.Delete(table(), i, i+1))) {
			t.Errorf("no case notices that %q is gone", row.code)
		}
	}
}

func TestRowsFindWhatTheyAreNamedFor(t *testing.T) {
	t.Parallel()
	for _, c := range explainCases() {
		f := gather(platform(), c.question(), c.seen, c.problem)
		for _, row := range table() {
			if finding, ok := row.find(f); ok && row.code != "" && finding.Code != row.code {
				t.Errorf("%s: the row %q found %q", c.name, row.code, finding.Code)
			}
		}
	}
}
