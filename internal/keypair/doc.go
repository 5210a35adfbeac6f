// Package keypair judges certificates with their private keys before anybody
// is asked to serve them. It reads PEM and nothing else: no files, no clock, no
// trust store.
//
// [Check] is the gate: what it returns is safe to install, and what it refuses
// it refuses with an [*Error] that says which of its checks failed. Whether the
// root is one that browsers trust is not among them: a private CA's is not, and
// ours to be served all the same. That each certificate of the chain is signed
// by the next one is.
//
// [Bring] judges what owners bring along, and says in plain words which of
// their files is wrong. An [Identity] decrypts keys that are committed
// encrypted.
package keypair
