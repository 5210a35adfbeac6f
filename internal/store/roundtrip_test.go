package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// fill sets every field that can be reached to something that is not zero, so
// that a field which package record gains and the schema does not is noticed.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Microsecond)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.String:
		v.SetString("text " + time.Duration(*n).String())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(uint64(*n % 250))
	default:
		panic("fill: " + v.Type().String())
	}
}

// full is a domain with every field set that a store can be given.
func full(t *testing.T, key string) (record.Domain, []record.Pair) {
	var d record.Domain
	n := 0
	fill(reflect.ValueOf(&d).Elem(), &n)
	d.Key, d.Generation, d.Order.Key, d.Order.State = key, 1, key, record.OrderFinalizing
	d.Mode, d.State = record.Auto, record.Failing
	pairs := []record.Pair{issue(t, key), issue(t, key), issue(t, key)}
	for i := range pairs {
		c := &pairs[i].Certificate
		c.Profile, c.Rekey, c.IssuedAt = "short", "2", noon.Add(time.Duration(i)*time.Hour)
	}
	d.Superseded[0].Certificate = pairs[0].Certificate
	d.Superseded[1].Certificate = pairs[1].Certificate
	d.Certificate = &pairs[2].Certificate
	d.Brought.Certificate.SHA256 = pairs[2].SHA256
	return d, pairs
}

func TestDomainRoundTrip(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s := open(t, url)
	d, pairs := full(t, "a.example")
	order := *d.Order
	d.Order.PrivateKey = nil
	admit(t, s, store.Admission{Wants: []record.Want{d.Want}, Pairs: map[string]record.Pair{pairs[2].SHA256: pairs[2]}})
	l := claimOne(t, s)

	// Certificates come one by one, as they do in life.
	step := l.Domain
	for i, p := range pairs {
		step.Certificate, step.Superseded = &p.Certificate, d.Superseded[:min(i, 2)]
		save(t, s, l, store.Change{Domain: step, Pair: &p})
	}
	save(t, s, l, store.Change{Domain: d, Order: &order})
	release(t, s, l, d)

	for _, r := range []*store.Store{s, open(t, url)} {
		if diff := cmp.Diff(d, domains(t, r)["a.example"]); diff != "" {
			t.Errorf("the domain came back different (-saved +read):\n%s", diff)
		}
		got, ok, err := r.Order(t.Context(), "a.example")
		if err != nil || !ok || !reflect.DeepEqual(got, order) {
			t.Errorf("the order came back different (%v, %v)\n got %+v\nwant %+v", ok, err, got, order)
		}
		for _, p := range pairs {
			got, err := r.Pair(t.Context(), p.SHA256)
			if err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("pair %s came back different (%v):\n%s", p.SHA256, err, cmp.Diff(p.Certificate, got.Certificate))
			}
		}
	}
	leases := claim(t, s, d.Due)
	if len(leases) != 1 || !cmp.Equal(leases[0].Domain, d) {
		t.Errorf("claimed something else than was saved: %+v", leases)
	}
}

func TestEmptyDomainRoundTrip(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	w := want("a.example")
	w.Generation = 1
	expect := record.Domain{Want: w, State: record.Waiting, Since: noon, Due: noon}
	if diff := cmp.Diff(expect, domains(t, s)["a.example"]); diff != "" {
		t.Errorf("a new row (-want +got):\n%s", diff)
	}
	if _, ok, err := s.Order(t.Context(), "a.example"); ok || err != nil {
		t.Errorf("a new row has an order: %v, %v", ok, err)
	}
	if _, err := s.Pair(t.Context(), "00"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a certificate that is not there gave %v", err)
	}
}

func TestAppsAndFilesRoundTrip(t *testing.T) {
	t.Parallel()
	s := open(t, urlIn(private(t)))
	apps := make([]record.App, 2)
	n := 0
	fill(reflect.ValueOf(&apps[0]).Elem(), &n)
	apps[1].Name = "zebra"
	files := []store.AcceptedFile{{Path: "apps/a.yaml", Revision: "r1", Bytes: []byte("a\x00b")}, {Path: "apps/b.yaml", Bytes: []byte{}}}
	admit(t, s, store.Admission{Apps: apps, Files: files})
	gotApps, err := s.Apps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(apps, gotApps); diff != "" {
		t.Errorf("apps (-admitted +read):\n%s", diff)
	}
	gotFiles, err := s.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, gotFiles); diff != "" {
		t.Errorf("files (-admitted +read):\n%s", diff)
	}

	admit(t, s, store.Admission{Apps: apps[1:], Files: files[:1]})
	gotApps, _ = s.Apps(t.Context())
	gotFiles, _ = s.Files(t.Context())
	if len(gotApps) != 1 || gotApps[0].Name != "zebra" || len(gotFiles) != 1 {
		t.Errorf("what the second admission left out stayed: %v, %v", gotApps, gotFiles)
	}
}
