package status_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// notServed is a row whose certificate no edge presents.
func notServed(more ...record.Finding) record.Domain {
	d := shop()[0]
	d.Checks.Served = record.Fail
	f := finding(failure.NotServed, "The edge presents another one.", "Make it load this one.")
	f.Since = t0
	f.Expected = []record.RR{{Type: "TLS", Name: d.Key, Value: "serial 0a"}}
	f.Observed = []record.RR{{Type: "TLS", Name: "192.0.2.1", Value: "serial 0b"}}
	d.Findings = append([]record.Finding{f}, more...)
	return d
}

// TestNotServedIsInFront: the certificate is issued all the same, and why its
// renewal fails is not lost behind it.
func TestNotServedIsInFront(t *testing.T) {
	t.Parallel()
	row := notServed(finding(failure.CAAForbids, "It is wrong.", "Mend it."))
	row.Attempt.Count = 2
	apps := of(row)
	d := domainOf(t, apps, row.Key)
	switch {
	case d.Status != "Cert Issued" || d.Ready || d.Attention != "operator" || d.Checks.Served != "fail" || apps[0].Attention != "operator":
		t.Errorf("%+v", d)
	case d.Reason != "not-served" || d.Title != "Certificate not served" || len(d.Expected) != 1 || len(d.Observed) != 1 || !d.FirstFailed.Equal(t0.Truncate(time.Second)):
		t.Errorf("%+v", d)
	case d.Renewal == nil || d.Renewal.Reason != "caa-forbids" || d.Renewal.Attempts != 2 || len(d.Also) > 0:
		t.Errorf("%+v, %+v", d.Renewal, d.Also)
	}
	for _, width := range []int{0, 120} {
		var b bytes.Buffer
		if err := status.Table(&b, apps, t0, false, width); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); !strings.Contains(text, "The edge presents another one.") || strings.Contains(text, "renewal failing") {
			t.Errorf("%d columns:\n%s", width, text)
		}
	}
	r := report()
	r.Domains = []record.Domain{row}
	files, err := status.Render(r)
	if err != nil {
		t.Fatal(err)
	}
	if board := string(files["README.md"]); !strings.Contains(board, "**Certificate not served**") {
		t.Errorf("the board does not say so:\n%s", board)
	}
	if summary := string(files["summary.yaml"]); !strings.Contains(summary, "operator: 1") {
		t.Errorf("the summary does not count it:\n%s", summary)
	}
}

// TestMessageTellsWhatIsServed, and when it is right again.
func TestMessageTellsWhatIsServed(t *testing.T) {
	t.Parallel()
	well, wrong := of(shop()[0]), of(notServed())
	for _, c := range []struct {
		before, after []status.AppStatus
		want          string
	}{
		{well, wrong, "acmsync: 1 not served\n\nshop www.shop.example: Cert Issued, Certificate not served\n"},
		{wrong, well, "acmsync: 1 recovered\n\nshop www.shop.example: Cert Issued\n"},
		{wrong, wrong, "acmsync: status updated\n"},
	} {
		if got := status.Message(c.before, c.after, status.Commit{}); !strings.HasPrefix(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
