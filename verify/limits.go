package verify

const (
	// maxDetail and maxURL cut what strangers say, in runes.
	maxDetail = 300
	maxURL    = 500
	// maxHeader cuts a header that names the layer that answered.
	maxHeader = 64
)
