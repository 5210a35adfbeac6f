package store

import (
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

// FuzzColumns puts anything into any column of the store. What is read of it is
// written as it is read again; the rest is an error, of that row alone.
func FuzzColumns(f *testing.F) {
	for i, seed := range []string{
		`[{"Code":"incorrect-dns","Message":"x"}]`, `{"Type":"urn","Subproblems":[{"Name":"a"}]}`, `["a.example"]`, "auto", "Cert Issued", "null", "[{", "", "\xff",
		`{"DNS":"pass","CAA":1}`, `[{"URL":"https://ca.test/authz","Token":"x"}]`, "1e999", `{"a":{"a":{"a":[]}}}`, "yesterday",
	} {
		for of := range 6 {
			f.Add(uint8(i+16*of), uint8(i), seed, int64(i)<<40)
		}
	}
	f.Fuzz(func(t *testing.T, which, kind uint8, text string, number int64) {
		value := []any{text, []byte(text), number, nil}[kind%4]
		first, again := scannerAt(which), scannerAt(which)
		if first == nil || first.Scan(value) != nil {
			return
		}
		kept, err := first.(driver.Valuer).Value()
		if err != nil {
			t.Fatalf("%T read %q, and cannot be written: %v", first, value, err)
		}
		if err := again.Scan(kept); err != nil {
			t.Fatalf("%T wrote %q, and cannot be read: %v", first, kept, err)
		}
		twice, err := again.(driver.Valuer).Value()
		if diff := cmp.Diff(kept, twice); err != nil || diff != "" {
			t.Errorf("%T of %q is written otherwise the second time, %v:\n%s", first, value, err, diff)
		}
	})
}

// scannerAt is one of all columns that are read by code of ours; nil: it is
// database/sql's own.
func scannerAt(which uint8) sql.Scanner {
	var cols []column
	for _, of := range [][]column{
		domainColumns(new(record.Domain)), certificateColumns(new(record.Certificate)), orderColumns(new(record.Order)), appColumns(new(record.App)),
	} {
		cols = append(cols, of...)
	}
	scanner, _ := cols[int(which)%len(cols)].at.(sql.Scanner)
	return scanner
}

// FuzzMeta reads anything as one of the store's single values.
func FuzzMeta(f *testing.F) {
	f.Add("admissions", "12")
	f.Add("changes", "-9223372036854775809")
	f.Add("errors", `[{"File":"apps.yaml","Line":1}]`)
	f.Add("ca https://ca.test/dir", `{"AccountURI":"https://ca.test/acct/1","CAAIdentities":["ca.test"]}`)
	f.Add("ca ", `{`)
	f.Add("odd", "\x00")
	f.Fuzz(func(t *testing.T, key, value string) {
		var m, same Meta
		if err := m.take(key, value); err != nil {
			return
		}
		if err := same.take(key, value); err != nil || !cmp.Equal(m, same) {
			t.Errorf("%s=%q is read in two ways, %v", key, value, err)
		}
		if _, err := m.differing(Meta{}); err != nil {
			t.Errorf("%s=%q is read, and cannot be written: %v", key, value, err)
		}
	})
}
