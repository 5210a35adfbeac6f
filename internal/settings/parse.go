package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var days = regexp.MustCompile(`^([0-9]{1,6})d`)

// parseDuration reads 30s, 90m, 72h and also whole days: 7d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	var sum time.Duration
	rest := text
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		sum, rest = time.Duration(n)*24*time.Hour, text[len(m[0]):]
		if rest == "" {
			return sum, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || rest == "0" {
		return 0, fmt.Errorf("must be a duration with a unit, like 30s, 5m, 72h or 7d, got %q", text)
	}
	return sum + d, nil
}

// spell writes a duration as parseDuration reads it: 365d, not 8760h0m0s.
func spell(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = strings.TrimSuffix(text, none[1:])
		}
	}
	return text
}

// parseFraction reads 2/3 or 0.66; the result lies strictly between 0 and 1.
func parseFraction(text string) (float64, error) {
	bad := fmt.Errorf("must be a fraction between 0 and 1, like 2/3 or 0.66, got %q", text)
	f, err := strconv.ParseFloat(text, 64)
	if over, under, ok := strings.Cut(text, "/"); ok {
		a, errA := strconv.ParseUint(strings.TrimSpace(over), 10, 16)
		b, errB := strconv.ParseUint(strings.TrimSpace(under), 10, 16)
		f, err = float64(a)/float64(b), errors.Join(errA, errB)
	}
	if err != nil || !(f > 0 && f < 1) {
		return 0, bad
	}
	return f, nil
}

// parsePercent reads 10% as 0.10.
func parsePercent(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(f >= 0 && f <= 100) {
		return 0, fmt.Errorf("must be a percentage from 0%% to 100%%, like 10%%, got %q", text)
	}
	return f / 100, nil
}

// parseLimit reads 300/3h, or none.
func parseLimit(text string) (Limit, error) {
	if text == "none" {
		return Limit{Off: true}, nil
	}
	count, per, ok := strings.Cut(text, "/")
	n, err := strconv.ParseUint(strings.TrimSpace(count), 10, 31)
	if !ok || err != nil || n == 0 {
		return Limit{}, fmt.Errorf("must be a number in a time, like 300/3h, or none, got %q", text)
	}
	d, err := parseDuration(strings.TrimSpace(per))
	if err != nil {
		return Limit{}, err
	}
	if d < time.Second {
		return Limit{}, fmt.Errorf("the time must be at least 1s, got %q", text)
	}
	return Limit{Count: int(n), Per: d}, nil
}
