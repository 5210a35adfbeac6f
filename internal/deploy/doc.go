// Package deploy hands certificates to TLS servers.
//
// [Files] puts them where most servers look: a folder per name.
//
//	DIR/www.shop.example -> .versions/www.shop.example/20261123T100000Z-3f2a…
//	DIR/.versions/www.shop.example/20261123T100000Z-3f2a…/
//	    cert.pem chain.pem fullchain.pem privkey.pem combined.pem
//
// The name is a symbolic link. A new pair is written and synced beside the old
// one, and then one rename swaps the link: a reader that opens the folder
// finds the old pair or the new one, never a key without its certificate, and
// whatever fails before the rename leaves the old pair in place. Nothing is
// ever undone, because undoing is what tears pairs apart.
//
// A server that has to be told runs as the target's hook, a command with its
// arguments and no shell. Installs that happen close together share one run.
package deploy
