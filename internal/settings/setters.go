package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// setter puts a value into the setting it was made for, or says what is wrong
// with it.
type setter func(v value) error

// rule is a further demand on a text.
type rule func(text string) error

func text(to *string, rules ...rule) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		for _, r := range rules {
			if err := r(s); err != nil {
				return err
			}
		}
		*to = s
		return nil
	}
}

func oneOf(to *string, allowed ...string) setter {
	return text(to, func(s string) error {
		if slices.Contains(allowed, s) {
			return nil
		}
		return fmt.Errorf("must be one of %s, got %q%s", strings.Join(allowed, ", "), s, didYouMean(nearest(s, allowed)))
	})
}

func boolean(to *bool) setter {
	return func(v value) error {
		s, err := v.plain()
		if err != nil {
			return err
		}
		if s != "true" && s != "false" {
			return fmt.Errorf("must be true or false, got %q", s)
		}
		*to = s == "true"
		return nil
	}
}

func number(to *int, least, most int) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a whole number from %d to %d, got %q", least, most, s)
		}
		*to = n
		return nil
	}
}

func parsed[T any](to *T, parse func(string) (T, error)) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		got, err := parse(s)
		if err == nil {
			*to = got
		}
		return err
	}
}

func duration(to *time.Duration, least, most time.Duration) setter {
	return parsed(to, func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && (d < least || d > most) {
			err = fmt.Errorf("must be from %s to %s, got %q", spell(least), spell(most), s)
		}
		return d, err
	})
}

// grace reads a duration or never.
func grace(to *time.Duration, never *bool) setter {
	return func(v value) error {
		if s, err := v.scalar(); err == nil && s == "never" {
			*to, *never = 0, true
			return nil
		}
		*never = false
		return duration(to, 0, 10*365*24*time.Hour)(v)
	}
}

func list[T any](to *[]T, parse func(string) (T, error)) setter {
	return func(v value) error {
		items, err := v.items()
		if err != nil {
			return err
		}
		out := make([]T, 0, len(items))
		for i, item := range items {
			s, err := item.scalar()
			if err != nil {
				return fmt.Errorf("entry %d %w", i+1, err)
			}
			one, err := parse(s)
			if err != nil {
				return fmt.Errorf("entry %d %w", i+1, err)
			}
			out = append(out, one)
		}
		*to = out
		return nil
	}
}

func asText(s string) (string, error) { return s, filled(s) }

func filled(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("must not be empty")
	}
	return nil
}

// legible refuses what cannot be shown in a message, nor typed.
func legible(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("holds characters that cannot be printed: %q", s)
	}
	return nil
}

// location is a file or folder that need not exist yet.
func location(to *string) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		if err := errors.Join(filled(s), legible(s)); err != nil {
			return err
		}
		*to, err = v.resolve(s)
		return err
	}
}

// file is a path that must lead to something that can be read now.
func file(to *string) setter {
	return func(v value) error {
		if err := location(to)(v); err != nil {
			return err
		}
		return readable(*to)
	}
}

// unread names the file once, and not what was done to it.
func unread(name string, err error) error {
	return fmt.Errorf("%s cannot be read: %s", name, reason(err))
}

// checked is a file whose content is looked at, too.
func checked(to *string, check func(path string) error) setter {
	return func(v value) error {
		if err := file(to)(v); err != nil {
			return err
		}
		return check(*to)
	}
}

func readable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return unread(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return unread(name, err)
	case info.IsDir():
		return fmt.Errorf("must be a file, but %s is a folder", name)
	case info.Size() == 0 && info.Mode().IsRegular():
		return fmt.Errorf("%s is empty: write into it what the setting asks for", name)
	}
	return nil
}

// folder is a path that must lead to a folder.
func folder(to *string) setter {
	return func(v value) error {
		if err := location(to)(v); err != nil {
			return err
		}
		info, err := os.Stat(*to)
		if err != nil {
			return fmt.Errorf("%s cannot be used: %s", *to, reason(err))
		}
		if !info.IsDir() {
			return fmt.Errorf("must be a folder, but %s is a file", *to)
		}
		return nil
	}
}

// later refuses a setting that has its meaning in another release.
func later(v value) error { return errLater }

var errLater = errors.New("is not in this release; remove it")

// laterUnless accepts a setting of another release as long as it is switched
// off in so many words.
func laterUnless(off string) setter {
	return func(v value) error {
		if s, err := v.scalar(); err == nil && s == off {
			return nil
		}
		return errLater
	}
}

func addresses(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return a, fmt.Errorf("must be an IP address, got %q", s)
	}
	return a.Unmap(), nil
}

func prefixes(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("must be a range like 10.0.0.0/8, got %q", s)
	}
	return p.Masked(), nil
}

// resolver is ADDRESS or ADDRESS:PORT. A name would need a resolver itself.
func resolver(s string) (string, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 53).String(), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Port() == 0 {
		return "", fmt.Errorf("must be an IP address with a port, like 8.8.8.8:53, got %q", s)
	}
	return ap.String(), nil
}
