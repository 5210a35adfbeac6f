// Package signature makes and judges SSH signatures of git commits, as git does
// with gpg.format ssh: the format is SSHSIG (PROTOCOL.sshsig of OpenSSH), the
// namespace "git", and who may sign stands in a file of allowed signers
// (ssh-keygen(1), "ALLOWED SIGNERS"). It reads no file and asks nobody.
package signature
