package record

// Origin is how a certificate came to be ours.
type Origin string

const (
	// OriginACME: a CA gave it out for an order of ours.
	OriginACME Origin = "acme"
	// OriginBrought: its owner brought it along, so that no account of ours can
	// revoke it.
	OriginBrought Origin = "brought"
	// OriginAdopted: it was found at a deploy target, and the store that knew it
	// is lost.
	OriginAdopted Origin = "adopted"
)
