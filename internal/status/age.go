package status

import (
	"fmt"
	"time"
)

// age says a duration in words, in its largest unit.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	units := []struct {
		size time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}}
	for _, u := range units {
		if n := int(d / u.size); n > 0 {
			return plural(n, u.name)
		}
	}
	return "less than a minute"
}

// pace says since when a domain has been failing, and when it is tried next.
// The time itself goes with it where nobody but the clock moves it.
func (e entry) pace(next, now time.Time) string {
	var said string
	if !e.FirstFailed.IsZero() && now.After(e.FirstFailed) {
		said = "First seen " + age(now.Sub(e.FirstFailed)) + " ago"
		if e.Attempts > 0 {
			said += ", " + plural(e.Attempts, "attempt")
		}
		said += ". "
	}
	switch {
	case next.IsZero():
	case next.After(now):
		said += fmt.Sprintf("Next try in %s, at %s.", age(next.Sub(now)), next.UTC().Format(time.RFC3339))
	default:
		said += "The next try is due."
	}
	return said
}

// Settled reports whether nothing moves any more by itself soon: every domain
// has what it wants, or somebody has to act.
func Settled(apps []AppStatus) bool {
	for _, a := range apps {
		for _, d := range a.Domains {
			moving := d.Status == "Waiting" || d.Status == "In Progress" || d.Status == "DNS Verified" || d.Status == "Failing"
			if moving && d.Attention == "" {
				return false
			}
		}
	}
	return true
}
