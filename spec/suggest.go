package spec

import "strings"

// maxSuggest is the longest unknown name that is compared with known ones.
const maxSuggest = 40

// suggest is the end of an "unknown field" message: the near miss, the place
// where a field of that name belongs, or what there is.
func suggest(name string, s *shape) string {
	known := make([]string, len(s.fields))
	for i, f := range s.fields {
		known[i] = f.name
	}
	if near := nearest(name, known); near != "" {
		return `: did you mean "` + near + `"?`
	}
	for _, elsewhere := range []*shape{fileShape, appShape, domainShape} {
		if elsewhere != s && elsewhere.field(name) != nil {
			return ": it belongs in " + elsewhere.name
		}
	}
	return ", which has " + strings.Join(known, ", ")
}

// nearest is the known word closest to name, or "" when none is close: at most
// a third of the word's letters off, ignoring case.
func nearest(name string, known []string) string {
	if len(name) > maxSuggest {
		return ""
	}
	best, distance := "", len(name)
	for _, word := range known {
		d := editDistance(strings.ToLower(name), strings.ToLower(word))
		if d <= max(1, len(word)/3) && d < distance {
			best, distance = word, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap with their
// neighbour (optimal string alignment) between two short words.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
