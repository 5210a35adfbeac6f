package settings

import (
	"fmt"
)

// fields is the table of one entry of acme.fallback.
func (f *Fallback) fields() []field {
	return append([]field{
		{key: "directory", set: parsed(&f.Directory, directory)},
		{key: "email", set: text(&f.Email, mailbox)},
		{key: "caFile", set: file(&f.CAFile)},
		{key: "eab.kid", set: text(&f.EAB.KID, filled)},
		{key: "eab.hmacFile", set: file(&f.EAB.HMACFile), secret: &f.EAB.HMACFile},
	}, f.Limits.fields("")...)
}

// fallbacks reads the list of further CAs; each has a table of its own.
func (l *loader) fallbacks(v value) error {
	items, err := v.items()
	if err != nil {
		return err
	}
	l.out.ACME.Fallback = make([]Fallback, len(items))
	for i, item := range items {
		key := fallbackKey(i)
		l.seen[key] = item.place
		l.group(item.node, key+".", "", l.out.ACME.Fallback[i].fields())
	}
	return nil
}

func fallbackKey(i int) string { return fmt.Sprintf("acme.fallback[%d]", i) }

// authorities holds the CAs against each other: what is known of one, and what
// is owed to it, is found by its directory.
func (l *loader) authorities() {
	used := map[string]string{l.out.ACME.Directory: "acme.directory"}
	for i, f := range l.out.ACME.Fallback {
		key := fallbackKey(i)
		switch at := used[f.Directory]; {
		case f.Directory == "":
			l.fail(l.seen[key], key, "needs the directory of another CA, like directory: https://ca.example.com/acme/directory")
		case at != "":
			l.fail(l.near(key+".directory"), key+".directory", fmt.Sprintf("%s is already that of %s: name another CA", f.Directory, at))
		default:
			used[f.Directory] = key
		}
		if (f.EAB.KID == "") != (f.EAB.HMACFile == "") {
			l.fail(l.seen[key], key+".eab", "needs both kid and hmacFile")
		}
		if f.Email == "" {
			l.out.ACME.Fallback[i].Email = l.out.ACME.Email
		}
	}
}
