// Package intruder is what strangers try: addresses to be led to, and texts to be
// shown.
package intruder
